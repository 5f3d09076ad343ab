// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cost of a hypercall of an x86-64 guest, on hosts that can run one.

#[cfg(target_arch = "x86_64")]
mod measure;

fn main() {
    #[cfg(target_arch = "x86_64")]
    if let Err(error) = measure::measure() {
        println!("SKIP kvm: {error}");
    }
    #[cfg(not(target_arch = "x86_64"))]
    println!("SKIP kvm: x86-64 guests need an x86-64 host");
}

// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The functions behind the PCI host bridge, as far as RTAS reaches them: config space and messages.

/// The place of a register in config space (LoPAR 2.9, "config_addr").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigAddress {
    /// The bus.
    pub bus: u8,
    /// The device on the bus, 0 to 31.
    pub device: u8,
    /// The function of the device, 0 to 7.
    pub function: u8,
    /// The register, 0 to 4095.
    pub register: u16,
}

impl ConfigAddress {
    /// The address that a word names: bits 8 to 23 are bus, device and function; the register's low bits are bits 0 to 7, and
    /// its high ones bits 28 to 31 (`ibm,pci-config-space-type` 1). `None` for a word with other bits.
    pub fn parse(word: u32) -> Option<ConfigAddress> {
        let [high, bus, devfn, low] = word.to_be_bytes();
        let register = u16::from(high >> 4) << 8 | u16::from(low);
        let address = ConfigAddress { bus, device: devfn >> 3, function: devfn & 7, register };
        (high & 15 == 0).then_some(address)
    }

    /// The word of function 0 of a device on bus 0, with register 0.
    pub fn of_device(device: u8) -> u32 {
        u32::from(device) << 11
    }
}

/// The functions. `None`: there is no function at this address.
pub trait PciBus {
    /// The unit address of the bridge.
    fn buid(&self) -> u64;

    /// Reads 1, 2 or 4 bytes at a multiple of their number, as they lie in config space.
    fn read_config(&self, at: ConfigAddress, to: &mut [u8]) -> Option<()>;

    /// Writes 1, 2 or 4 bytes at a multiple of their number.
    fn write_config(&self, at: ConfigAddress, from: &[u8]) -> Option<()>;

    /// Gives the function up to `count` MSI-X vectors in place of those that it has, and returns their number.
    fn set_messages(&self, at: ConfigAddress, count: u32) -> Option<u32>;

    /// The interrupt source of a vector that the function has been given.
    fn source(&self, at: ConfigAddress, vector: u32) -> Option<u32>;
}

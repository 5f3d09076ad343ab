// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! QMP, as bytes in and bytes out (QEMU: `docs/interop/qmp-spec`).
//!
//! Input is a sequence of JSON objects with or without space between them. Garbage is an error, after which the rest of its
//! line is ignored.

use serde_json::{Deserializer, Map, Value, json};

use super::Desk;
use super::commands::{self, Refusal};

/// The longest command. A longer one ends the connection.
const LONGEST: usize = 64 << 10;

/// The protocol with one client.
#[derive(Debug, Default)]
pub(super) struct Protocol {
    input: Vec<u8>,
    /// True once the client has sent `qmp_capabilities`.
    is_agreed: bool,
    /// True when bytes came that may complete a command.
    has_news: bool,
}

/// The next step of the protocol.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// No command is complete.
    Wait,
    /// An answer.
    Answer(Value),
    /// An answer, after which the connection ends.
    Last(Value),
}

/// The first line to a client.
pub(super) fn greeting() -> Value {
    json!({"QMP": {"version": commands::version(), "capabilities": []}})
}

/// The line to a client beyond the first.
pub(super) fn busy() -> Value {
    error(&Refusal::from("another client is connected; the monitor has one at a time".to_owned()))
}

fn error(Refusal(class, why): &Refusal) -> Value {
    json!({"error": {"class": class, "desc": why}})
}

impl Protocol {
    /// The number of bytes that may come now.
    pub(super) fn room(&self) -> usize {
        LONGEST.saturating_sub(self.input.len()).max(1)
    }

    /// Takes bytes of the client.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.has_news |=
            bytes.iter().any(|byte| b"}]\n".contains(byte)) || self.input.len() >= LONGEST;
    }

    /// Runs the next command.
    pub(super) fn step(&mut self, desk: &Desk) -> Step {
        if !self.has_news {
            return Step::Wait;
        }
        let mut values = Deserializer::from_slice(&self.input).into_iter::<Value>();
        let value = values.next();
        let used = values.byte_offset();
        match value {
            Some(Ok(value)) => {
                self.input.drain(..used);
                Step::Answer(self.command(desk, &value))
            }
            Some(Err(failed)) if !failed.is_eof() => {
                let line = self.input.iter().position(|&byte| byte == b'\n');
                self.input.drain(..line.map_or(self.input.len(), |line| line + 1));
                Step::Answer(error(&format!("Invalid JSON syntax: {failed}").into()))
            }
            _ if self.input.len() >= LONGEST => {
                let why = format!("a command has at most {LONGEST} bytes; the connection ends");
                Step::Last(error(&why.into()))
            }
            _ => {
                self.has_news = false;
                Step::Wait
            }
        }
    }

    fn command(&mut self, desk: &Desk, value: &Value) -> Value {
        let mut answer = match self.run(desk, value) {
            Ok(value) => json!({"return": value}),
            Err(refusal) => error(&refusal),
        };
        if let Some(id) = value.get("id") {
            answer["id"] = id.clone();
        }
        answer
    }

    fn run(&mut self, desk: &Desk, value: &Value) -> Result<Value, Refusal> {
        let wrong = |why: &str| Err(Refusal::from(why.to_owned()));
        let Value::Object(command) = value else { return wrong("QMP input must be a JSON object") };
        let Some(Value::String(name)) = command.get("execute") else {
            return wrong("QMP input lacks member 'execute', a string");
        };
        let known = |key: &String| ["execute", "arguments", "id"].contains(&key.as_str());
        if let Some(unknown) = command.keys().find(|key| !known(key)) {
            return Err(format!("QMP input member '{unknown}' is unexpected").into());
        }
        let none = Map::new();
        let arguments = match command.get("arguments") {
            None => &none,
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return wrong("QMP input member 'arguments' must be an object"),
        };
        match (name.as_str(), self.is_agreed) {
            ("qmp_capabilities", false) => self.agree(desk, arguments),
            ("qmp_capabilities", true) => Err(Refusal(
                "CommandNotFound",
                "Capabilities negotiation is already complete, command ignored".into(),
            )),
            (_, false) => {
                let why = "Expecting capabilities negotiation with 'qmp_capabilities'";
                Err(Refusal("CommandNotFound", why.into()))
            }
            (name, true) => commands::run(desk, name, arguments),
        }
    }

    /// The server offers no capability, so a client can enable none.
    fn agree(&mut self, desk: &Desk, arguments: &Map<String, Value>) -> Result<Value, Refusal> {
        let enabled = arguments.get("enable").and_then(Value::as_array);
        if enabled.is_some_and(|enabled| !enabled.is_empty()) {
            return Err("the monitor has no capabilities to enable".to_owned().into());
        }
        self.is_agreed = true;
        desk.listen(true);
        Ok(json!({}))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use machine::{Control, Ending};

    fn desk() -> (Desk, Arc<Control>) {
        let control = Arc::new(Control::new(vec![Box::new(|| ())]));
        (Desk::new(control.clone(), 1, "ppc64").unwrap(), control)
    }

    /// The answers to all commands of an input.
    fn answers(desk: &Desk, input: &[u8]) -> Vec<Value> {
        let mut protocol = Protocol::default();
        let mut answers = Vec::new();
        for bytes in input.chunks(7) {
            protocol.receive(bytes);
            loop {
                match protocol.step(desk) {
                    Step::Wait => break,
                    Step::Answer(answer) => answers.push(answer),
                    Step::Last(answer) => {
                        answers.push(answer);
                        return answers;
                    }
                }
            }
        }
        answers
    }

    const AGREE: &str = r#"{"execute":"qmp_capabilities"}"#;

    #[test]
    fn commands_need_an_agreement_and_carry_their_id() {
        let (desk, _) = desk();
        let status = r#"{"execute":"query-status","id":[7]}"#;
        let input = format!("{status}{AGREE}\r\n {status}{AGREE}");
        let answers = answers(&desk, input.as_bytes());
        assert_eq!(answers[0]["error"]["class"], "CommandNotFound");
        assert_eq!(answers[0]["id"], json!([7]));
        assert_eq!(answers[1], json!({"return": {}}));
        assert_eq!(answers[2]["return"]["status"], "running");
        assert_eq!(answers[2]["id"], json!([7]));
        assert_eq!(answers[3]["error"]["class"], "CommandNotFound");
        assert_eq!(answers.len(), 4);
    }

    #[test]
    fn wrong_input_is_an_error_and_the_next_line_is_read() {
        let (desk, control) = desk();
        let wrong = [
            "]]]]{{{",
            "nonsense {\"execute\":\"quit\"}",
            "[1, 2]",
            "{\"execute\":7}",
            "{\"execute\":\"quit\",\"arguments\":[]}",
            "{\"execute\":\"quit\",\"arguments\":{\"now\":true}}",
            "{\"execute\":\"quit\",\"more\":1}",
            "{\"execute\":\"snapshot\",\"arguments\":{\"file\":1}}",
            "{\"execute\":\"snapshot\"}",
            "{\"execute\":\"nothing\"}",
        ];
        for line in wrong {
            let input = format!("{AGREE}\n{line}\n{{\"execute\":\"query-version\"}}\n");
            let answers = answers(&desk, input.as_bytes());
            assert!(answers[1].get("error").is_some(), "{line}: {answers:?}");
            assert!(answers.last().unwrap()["return"]["qemu"].is_object(), "{line}: {answers:?}");
        }
        assert_eq!(control.ending(), None, "none of them was a command to quit");
        answers(&desk, format!("{AGREE}{{\"execute\":\"quit\"}}").as_bytes());
        assert_eq!(control.ending(), Some(Ending::Dismissed));
    }

    #[test]
    fn an_endless_command_and_a_deep_one_are_bounded() {
        let (desk, _) = desk();
        let endless = format!("{{\"execute\":\"{}", "x".repeat(1 << 20));
        let answers_to_it = answers(&desk, endless.as_bytes());
        assert!(
            answers_to_it[0]["error"]["desc"].as_str().unwrap().contains("at most 65536 bytes")
        );
        let deep = "[".repeat(1 << 20);
        assert!(answers(&desk, deep.as_bytes())[0].get("error").is_some());
    }
}

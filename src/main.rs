//! kubetutor: see `edge` for the command line, and ARCHITECTURE.md for the way of a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubetutor::edge::main()
}

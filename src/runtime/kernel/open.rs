//! Open files: what a descriptor stands for, and pipes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::net::{ConnectionId, Protocol, Side};
use super::tree::{Bytes, Device};
use crate::api::ops::Stream;

/// How much a pipe takes before its writer has to wait.
pub const PIPE_BYTES: usize = 65_536;

#[derive(Clone, Debug)]
pub struct OpenFile {
    pub what: What,
    /// How many descriptors stand for it.
    pub holders: u32,
}

#[derive(Clone, Debug)]
pub enum What {
    File {
        path: Arc<str>,
        offset: usize,
        append: bool,
        readable: bool,
        writable: bool,
    },
    /// Something that was made up when it was opened: `/proc/self/status`.
    Made {
        content: Bytes,
        offset: usize,
    },
    Device(Device),
    PipeEnd {
        pipe: usize,
        writes: bool,
    },
    /// What is printed here goes outside: to a log, or to who watches.
    Sink {
        sink: usize,
        stream: Stream,
    },
    Socket {
        connection: ConnectionId,
        side: Side,
    },
    Listener {
        port: u16,
        protocol: Protocol,
    },
}

/// Bytes on their way. People outside the machine hold ends too: whoever reads a log, or types.
#[derive(Clone, Debug, Default)]
pub struct Pipe {
    pub data: VecDeque<u8>,
    pub readers: u32,
    pub writers: u32,
    /// Nobody has to wait for room: what lies in it is fetched from outside.
    pub unbounded: bool,
    /// Somebody sits at the other end and types.
    pub terminal: bool,
}

impl Pipe {
    pub fn room(&self) -> usize {
        if self.unbounded { usize::MAX } else { PIPE_BYTES.saturating_sub(self.data.len()) }
    }

    pub fn take(&mut self, most: usize) -> Vec<u8> {
        let n = most.min(self.data.len());
        self.data.drain(..n).collect()
    }
}

/// What was printed for somebody outside, in order.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    pub printed: Vec<(Stream, Vec<u8>)>,
    pub terminal: bool,
}

/// What reading brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    Data(Vec<u8>),
    /// There will be no more.
    End,
    /// Nothing yet.
    Empty,
}

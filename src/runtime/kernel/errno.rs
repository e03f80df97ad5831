//! What a system call may refuse, and how the C library puts it.

/// The errors that programs of this runtime can meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errno {
    NotFound,
    Denied,
    NotPermitted,
    Exists,
    NotDirectory,
    IsDirectory,
    NotEmpty,
    ReadOnly,
    Invalid,
    Loop,
    BadDescriptor,
    BrokenPipe,
    NoProcess,
    NoExec,
    NoSpace,
    AddressInUse,
    AddressNotAvailable,
    Refused,
    TimedOut,
    Unreachable,
    /// A packet that passed too many routers. (No number of its own: a socket hears of it aside.)
    Expired,
    Reset,
    Busy,
    TooLarge,
    Again,
}

impl Errno {
    pub fn text(self) -> &'static str {
        match self {
            Errno::NotFound => "No such file or directory",
            Errno::Denied => "Permission denied",
            Errno::NotPermitted => "Operation not permitted",
            Errno::Exists => "File exists",
            Errno::NotDirectory => "Not a directory",
            Errno::IsDirectory => "Is a directory",
            Errno::NotEmpty => "Directory not empty",
            Errno::ReadOnly => "Read-only file system",
            Errno::Invalid => "Invalid argument",
            Errno::Loop => "Too many levels of symbolic links",
            Errno::BadDescriptor => "Bad file descriptor",
            Errno::BrokenPipe => "Broken pipe",
            Errno::NoProcess => "No such process",
            Errno::NoExec => "Exec format error",
            Errno::NoSpace => "No space left on device",
            Errno::AddressInUse => "Address already in use",
            Errno::AddressNotAvailable => "Cannot assign requested address",
            Errno::Refused => "Connection refused",
            Errno::TimedOut => "Connection timed out",
            Errno::Unreachable => "No route to host",
            Errno::Expired => "Time to live exceeded",
            Errno::Reset => "Connection reset by peer",
            Errno::Busy => "Resource busy",
            Errno::TooLarge => "File too large",
            Errno::Again => "Resource temporarily unavailable",
        }
    }
}

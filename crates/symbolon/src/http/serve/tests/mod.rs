//! The server on real sockets of this machine.

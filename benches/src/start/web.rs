//! As much of an HTTP client as asking for one answer takes (RFC 9112): a connection for each request,
//! which the server closes.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Result, ensure};

/// Far beyond anything that is measured: a program that hangs ends the bench.
const DEADLINE: Duration = Duration::from_secs(30);

pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
}

pub(super) fn post_json(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request and waits for the whole answer, which must be a 200.
pub(super) fn ask(address: &str, request: &str) -> Result<()> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(DEADLINE))?;
    connection.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "the answer isn't a 200: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answered_with(answer: &'static str) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let read = connection.read(&mut request).unwrap();
            connection.write_all(answer.as_bytes()).unwrap();
            request[..read].to_vec()
        });
        let asked = ask(&address, &post_json("/a", "{}"));
        let request = String::from_utf8(server.join().unwrap()).unwrap();
        assert!(request.contains("Content-Length: 2\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{}"), "{request}");
        asked
    }

    #[test]
    fn only_a_200_counts_as_an_answer() {
        assert!(answered_with("HTTP/1.1 200 OK\r\n\r\n").is_ok());
        assert!(answered_with("HTTP/1.1 503 Busy\r\n\r\n").is_err());
        assert!(answered_with("").is_err());
    }
}

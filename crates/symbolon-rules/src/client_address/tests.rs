//! Tables of hops, networks and holders.

use super::*;

fn trusting(networks: &[&str]) -> TrustedProxies {
    TrustedProxies::new(networks.iter().map(|text| text.parse().unwrap()).collect())
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_client_is_the_rightmost_hop_that_is_no_proxy_of_ours() {
    let proxies = trusting(&["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"]);
    for (peer, lines, expected) in [
        // Nobody is believed who isn't trusted.
        ("198.51.100.1", &["203.0.113.5"][..], "198.51.100.1"),
        ("198.51.100.1", &["10.0.0.1, 203.0.113.5"], "198.51.100.1"),
        ("192.0.2.8", &["203.0.113.5"], "192.0.2.8"),
        ("2001:db8:2::1", &["203.0.113.5"], "2001:db8:2::1"),
        // A trusted peer that says nothing is the client.
        ("10.0.0.1", &[], "10.0.0.1"),
        // One hop, and several.
        ("10.0.0.1", &["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", &["203.0.113.5, 10.0.0.2"], "203.0.113.5"),
        (
            "10.0.0.1",
            &["203.0.113.5, 10.0.0.2,192.0.2.7"],
            "203.0.113.5",
        ),
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // Lines are one list, in their order.
        ("10.0.0.1", &["203.0.113.5", "10.0.0.2"], "203.0.113.5"),
        ("10.0.0.1", &["10.0.0.2", "203.0.113.5"], "203.0.113.5"),
        // Spoofed: what the client wrote stands left of what the proxy wrote.
        ("10.0.0.1", &["127.0.0.1, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", &["10.0.0.9, 203.0.113.5"], "203.0.113.5"),
        (
            "10.0.0.1",
            &["1.2.3.4", "203.0.113.5, 10.0.0.2"],
            "203.0.113.5",
        ),
        // Ports.
        ("10.0.0.1", &["203.0.113.5:4711"], "203.0.113.5"),
        (
            "10.0.0.1",
            &["[2001:db8::5]:4711, 10.0.0.2:80"],
            "2001:db8::5",
        ),
        ("10.0.0.1", &["[2001:db8::5]"], "2001:db8::5"),
        ("10.0.0.1", &["2001:db8::5"], "2001:db8::5"),
        // Mapped addresses are IPv4 addresses, in the peer and in a hop.
        ("::ffff:10.0.0.1", &["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", &["203.0.113.5, ::ffff:10.0.0.2"], "203.0.113.5"),
        ("10.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5"),
        ("2001:db8:1::1", &["2001:db8:9::1"], "2001:db8:9::1"),
        // What is no address ends the walk at the last good one.
        ("10.0.0.1", &["203.0.113.5, unknown"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &["203.0.113.5,"], "10.0.0.1"),
        ("10.0.0.1", &[""], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5", ""], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.256"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.05"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5:"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5:65536"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5:+80"], "10.0.0.1"),
        ("10.0.0.1", &["[203.0.113.5]"], "10.0.0.1"),
        ("10.0.0.1", &["[2001:db8::5]80"], "10.0.0.1"),
        ("10.0.0.1", &["[2001:db8::5"], "10.0.0.1"),
        ("10.0.0.1", &["fe80::1%eth0"], "10.0.0.1"),
        ("10.0.0.1", &["\"203.0.113.5\""], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5 10.0.0.2"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.5\u{a0}"], "10.0.0.1"),
        ("10.0.0.1", &["for=203.0.113.5"], "10.0.0.1"),
    ] {
        let values = lines.iter().map(|line| line.as_bytes());
        let found = proxies.client_address(address(peer), values);
        assert_eq!(found, address(expected), "{peer} {lines:?}");
    }
    let no_text = proxies.client_address(address("10.0.0.1"), [&b"1.2.3.4, \xff"[..]].into_iter());
    assert_eq!(no_text, address("10.0.0.1"));
    let nobody = TrustedProxies::default();
    let values = [&b"203.0.113.5"[..]].into_iter();
    assert_eq!(
        nobody.client_address(address("127.0.0.1"), values),
        address("127.0.0.1")
    );
}

#[test]
fn a_network_is_written_one_way() {
    for (text, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ("192.0.2.1/32", "192.0.2.1", "192.0.2.0"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("128.0.0.0/1", "255.0.0.1", "127.0.0.1"),
        ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
        ("::1", "::1", "127.0.0.1"),
        ("fd00::/8", "fdff::", "fc00::1"),
    ] {
        let proxies = trusting(&[text]);
        assert!(proxies.trust(address(inside)), "{text} {inside}");
        assert!(!proxies.trust(address(outside)), "{text} {outside}");
    }
    for (text, expected) in [
        ("", NetworkError::Address),
        ("proxy.example", NetworkError::Address),
        ("10.0.0/8", NetworkError::Address),
        ("10.0.0.1:80", NetworkError::Address),
        (" 10.0.0.1", NetworkError::Address),
        ("::ffff:10.0.0.0/104", NetworkError::Address),
        ("10.0.0.0/", NetworkError::Prefix),
        ("10.0.0.0/33", NetworkError::Prefix),
        ("10.0.0.0/-1", NetworkError::Prefix),
        ("10.0.0.0/+8", NetworkError::Prefix),
        ("10.0.0.0/256", NetworkError::Prefix),
        ("2001:db8::/129", NetworkError::Prefix),
        ("10.0.0.1/8", NetworkError::HostBits),
        ("2001:db8::1/32", NetworkError::HostBits),
        ("0.0.0.0/0", NetworkError::Everybody),
        ("::/0", NetworkError::Everybody),
    ] {
        assert_eq!(text.parse::<Network>(), Err(expected), "{text:?}");
    }
}

#[test]
fn one_customer_is_one_holder() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
    ] {
        let found = holder(address(one)) == holder(address(other));
        assert_eq!(found, same, "{one} {other}");
    }
}

//! Every cookie line as it is read and as it is sent.

use super::*;

fn sent(lines: &[&[u8]]) -> RequestCookies {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
    }
    RequestCookies::parse(&headers, &Scope::Host)
}

fn lines(reply: &ReplyCookies) -> Vec<String> {
    let mut headers = HeaderMap::new();
    reply.apply(&mut headers);
    headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

#[test]
fn each_name_is_found_over_all_cookie_lines() {
    let found = sent(&[b"theme=dark; __Host-access=a.b.c", b"__Host-refresh=r; __Host-device=d"]);
    assert_eq!(found.access, Credential::One("a.b.c".to_owned()));
    assert_eq!(found.refresh, Credential::One("r".to_owned()));
    assert_eq!(found.device, Credential::One("d".to_owned()));
    assert!(found.any());
}

#[test]
fn two_of_one_name_are_twice_wherever_they_stand() {
    assert_eq!(sent(&[b"__Host-access=a; __Host-access=a"]).access, Credential::Twice);
    assert_eq!(sent(&[b"__Host-access=a", b"x=1; __Host-access=b"]).access, Credential::Twice);
    assert_eq!(sent(&[b"__Host-access=a; __Host-access=; __Host-access=c"]).access, Credential::Twice);
}

#[test]
fn a_twin_without_the_prefix_is_never_read() {
    assert!(!sent(&[b"access=a; refresh=r; __host-access=x; __Secure-access=y"]).any());
}

/// White space to Unicode, and a letter like any other to a browser: any sibling host may set such a cookie.
#[test]
fn a_name_with_anything_but_ascii_in_it_is_nobodys() {
    for odd in ["\u{2000}", "\u{3000}", "\u{85}", "\u{a0}", "\u{feff}", "\u{2028}", "\u{1680}"] {
        for line in [format!("{odd}__Host-access=a"), format!("__Host-access{odd}=a"), format!("{odd} __Host-access=a")]
        {
            assert!(!sent(&[line.as_bytes()]).any(), "{line:?} is read");
            let both = sent(&[b"__Host-access=mine", line.as_bytes()]);
            assert_eq!(both.access, Credential::One("mine".to_owned()), "{line:?} stands in the way");
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            assert_eq!(others(&headers, &Scope::Host).as_bytes(), line.as_bytes(), "it stays among the others");
        }
    }
    assert_eq!(sent(&[b"\t __Host-access \t=\t a "]).access, Credential::One("a".to_owned()));
}

#[test]
fn nothing_malformed_panics_or_hides_what_follows() {
    for odd in [&b""[..], b";;;", b"=", b"=;=", b"novalue", b"\xff\xfe=\xff", b"a=\"", b"__Host-access", b"\t;\t"] {
        assert_eq!(sent(&[odd]).access, Credential::Absent, "{odd:?}");
        assert_eq!(sent(&[odd, b"__Host-access=a"]).access, Credential::One("a".to_owned()), "{odd:?}");
    }
    assert!(matches!(sent(&[b"__Host-access=\xff\xfe"]).access, Credential::One(_)));
}

#[test]
fn a_cookie_of_the_reply_carries_every_attribute() {
    let reply = ReplyCookies::new(Scope::Host);
    reply.set(Name::Access, "a.b-c_d", None);
    reply.set(Name::Refresh, "r", Some(Duration::from_hours(24 * 30)));
    reply.clear(Name::Device);
    assert_eq!(
        lines(&reply),
        [
            "__Host-access=a.b-c_d; HttpOnly; SameSite=Lax; Secure; Path=/",
            "__Host-refresh=r; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000",
            "__Host-device=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0",
        ]
    );
}

#[test]
fn without_tls_there_is_neither_secure_nor_prefix() {
    let reply = ReplyCookies::new(Scope::Insecure);
    reply.set(Name::Session, "s", None);
    assert_eq!(lines(&reply), ["session=s; HttpOnly; SameSite=Lax; Path=/"]);
}

#[test]
fn the_last_word_on_a_name_is_the_only_one() {
    let reply = ReplyCookies::new(Scope::Host);
    let clone = reply.clone();
    reply.clear(Name::Access);
    clone.set(Name::Access, "new", None);
    assert_eq!(lines(&reply), ["__Host-access=new; HttpOnly; SameSite=Lax; Secure; Path=/"]);
}

#[test]
fn what_a_browser_would_refuse_or_cut_short_is_not_sent() {
    let reply = ReplyCookies::new(Scope::Host);
    let longest = LONGEST - "__Host-access".len();
    reply.set(Name::Access, &"a".repeat(longest + 1), None);
    for odd in ["a;b", "a b", "a\r\nb", "é", "a,b", "a\"b"] {
        reply.set(Name::Refresh, odd, None);
    }
    assert!(lines(&reply).is_empty());
    reply.set(Name::Access, &"a".repeat(longest), None);
    reply.set(Name::Access, "a", Some(Duration::MAX));
    assert!(lines(&reply)[0].ends_with("; Max-Age=34560000"));
}

#[test]
fn shared_cookies_name_their_domain_and_nothing_else_is_read() {
    let scope = Scope::Domain("example.com".into());
    let reply = ReplyCookies::new(scope.clone());
    reply.set(Name::Access, "a", None);
    reply.clear(Name::Refresh);
    assert_eq!(
        lines(&reply),
        [
            "__Secure-access=a; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.com",
            "__Secure-refresh=; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.com; Max-Age=0",
        ]
    );
    let mut headers = HeaderMap::new();
    headers.append(header::COOKIE, HeaderValue::from_static("__Host-access=old; access=bare; __Secure-access=a"));
    assert_eq!(RequestCookies::parse(&headers, &scope).access, Credential::One("a".to_owned()));
    headers.append(header::COOKIE, HeaderValue::from_static("__Secure-access=planted"));
    assert_eq!(RequestCookies::parse(&headers, &scope).access, Credential::Twice);
}

#[test]
fn what_others_may_see_holds_no_cookie_of_ours_under_any_name() {
    let seen = |scope: &Scope, lines: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        others(&headers, scope).as_bytes().to_vec()
    };
    let mixed: [&[u8]; 2] = [
        b"theme=dark; __Host-access=a.b.c;__Secure-refresh=r; device=d; sessions=1; ",
        b"  __host-ACCESS =x; =__Host; access=y; __Host-mine=\xff; __Secure-session; x=__Host-access",
    ];
    assert_eq!(seen(&Scope::Insecure, &mixed), b"theme=dark; sessions=1; =__Host; __Host-mine=\xff; x=__Host-access");
    // Other programs may have a `session` of their own.
    assert_eq!(
        seen(&Scope::Host, &mixed),
        b"theme=dark; device=d; sessions=1; =__Host; access=y; __Host-mine=\xff; x=__Host-access"
    );
    assert_eq!(seen(&Scope::Host, &[b"__Host-access=a; __Host-refresh=b"]), b"");
    assert_eq!(seen(&Scope::Host, &[]), b"");
}

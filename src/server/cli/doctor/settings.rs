//! What the configuration by itself tells.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::{CONFIGURATION, Finding, Verdict, words};
use crate::{
    domain::return_to::ReturnHosts,
    server::{config::Config, http::cookies::Scope},
};

pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        Finding::ok(CONFIGURATION, "every key is known and nothing contradicts").hint("sekisho config show"),
        cookies(&config.public_url, &config.cookies),
        config.listen_socket.as_deref().map_or_else(
            || proxies(&config.public_url, config.addr, &config.trusted_proxies),
            |socket| {
                Finding::ok("proxies", format!("forwarding headers count from whoever may open {}", socket.display()))
            },
        ),
        Finding::ok("strategy", words::strategy(config.strategy, &config.lifetimes)),
        Finding::ok("lifetimes", words::lifetimes(&config.lifetimes)),
    ];
    findings.extend(return_hosts(&config.return_hosts));
    findings
}

fn return_hosts(hosts: &ReturnHosts) -> Option<Finding> {
    let without: Vec<&str> = hosts.without_our_cookies().collect();
    let text = format!("sign-in leads back to {}, which browsers send none of our cookies", without.join(", "));
    let warning = Finding::new("return hosts", Verdict::Warn, text);
    let hint = "/auth/verify knows nobody there; set server.cookie_domain to a domain that holds these hosts, if they are yours";
    (!without.is_empty()).then(|| warning.hint(hint))
}

fn cookies(public_url: &str, scope: &Scope) -> Finding {
    let check = "cookies";
    if let Scope::Domain(domain) = scope {
        let text = format!(
            "every host below {domain} can set and read our cookies: one that is taken over, or given to others, has everyone's sessions"
        );
        return Finding::new(check, Verdict::Warn, text).hint(
            "let no host below it be foreign; programs that you trust as much as Sekisho may share its host by path instead, without server.cookie_domain",
        );
    }
    if *scope == Scope::Insecure {
        return Finding::new(check, Verdict::Warn, "cookies travel over http, where anyone on the way can take them")
            .hint("serve https, and take server.insecure_cookies out");
    }
    if public_url.starts_with("http:") {
        return Finding::ok(check, format!("{public_url} is this machine only"))
            .hint("Safari keeps no Secure cookies on http, also not on localhost: use another browser there");
    }
    Finding::ok(check, "cookies travel over https only")
}

fn proxies(public_url: &str, addr: SocketAddr, trusted: &[IpNet]) -> Finding {
    let check = "proxies";
    if trusted.iter().any(|network| network.prefix_len() == 0) {
        return Finding::new(check, Verdict::Warn, "everyone is trusted to say from which address a request comes")
            .hint("name the proxies' own networks in server.trusted_proxies");
    }
    if public_url.starts_with("https:") && addr.ip().is_loopback() && trusted.is_empty() {
        let text =
            format!("{public_url} reaches {addr} through a proxy that is not trusted: all clients look like one");
        return Finding::new(check, Verdict::Warn, text)
            .hint("set server.trusted_proxies to the proxy's address, such as 127.0.0.1");
    }
    if trusted.is_empty() {
        return Finding::ok(check, "clients are known by their own address; no forwarding header counts");
    }
    let named: Vec<String> = trusted.iter().map(ToString::to_string).collect();
    Finding::ok(check, format!("forwarding headers count from {}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::return_to::ReturnHost;

    #[test]
    fn cookies_over_http_are_unwise_but_on_this_machine() {
        assert_eq!(cookies("http://10.0.0.1", &Scope::Insecure).verdict, Verdict::Warn);
        let local = cookies("http://localhost:3000", &Scope::Host);
        assert!(local.verdict == Verdict::Ok && local.hint.unwrap().contains("Safari"));
        assert_eq!(cookies("https://id.example.com", &Scope::Host).verdict, Verdict::Ok);
    }

    #[test]
    fn shared_cookies_are_told_with_what_they_cost() {
        let shared = cookies("https://id.example.com", &Scope::Domain("example.com".into()));
        assert!(
            shared.verdict == Verdict::Warn && shared.text.contains("every host below example.com can set and read")
        );
    }

    #[test]
    fn hosts_that_get_no_cookies_are_noticed() {
        let host = ReturnHost::parse("app.example.com").unwrap();
        let found = |domain| return_hosts(&ReturnHosts::new("https://id.example.com", vec![host.clone()], domain));
        assert!(found(None).unwrap().text.contains("leads back to app.example.com,"));
        assert!(found(Some("example.com")).is_none());
    }

    #[test]
    fn a_proxy_that_is_not_trusted_is_noticed() {
        let (local, open) = ("127.0.0.1:3000".parse().unwrap(), "0.0.0.0:443".parse().unwrap());
        let verdict = |url, addr, trusted: &[&str]| {
            let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
            proxies(url, addr, &trusted).verdict
        };
        assert_eq!(verdict("https://id.example.com", local, &[]), Verdict::Warn);
        assert_eq!(verdict("https://id.example.com", local, &["127.0.0.1/32"]), Verdict::Ok);
        assert_eq!(verdict("https://id.example.com", open, &[]), Verdict::Ok);
        assert_eq!(verdict("http://localhost:3000", local, &[]), Verdict::Ok);
        assert_eq!(verdict("https://id.example.com", local, &["0.0.0.0/0"]), Verdict::Warn);
    }
}

//! The configuration as an operator writes it, from text to what is in force or what is wrong.

use super::*;
use crate::domain::time::Timestamp;

fn read(toml: &str, env: &[(&str, &str)]) -> Result<Config, Faults> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(&Layers::gather(Some(("sekisho.toml", toml)), env, &[])?)
}

#[test]
fn without_anything_set_the_defaults_hold() {
    let config = read("", &[]).unwrap();
    assert_eq!(config.public_url, "http://localhost:3000");
    assert_eq!(config.lifetimes.access_ttl.as_secs(), 900);
    assert_eq!(config.password_min_length, 15);
}

#[test]
fn the_environment_wins_over_the_file() {
    let config =
        read("[session]\naccess_ttl = \"10m\"\nrefresh_lead = \"1m\"", &[("SEKISHO_SESSION__ACCESS_TTL", "5m")])
            .unwrap();
    assert_eq!(config.lifetimes.access_ttl.as_secs(), 300);
    assert_eq!(config.lifetimes.refresh_lead.as_secs(), 60);
}

#[test]
fn what_is_meant_for_the_tests_is_no_unknown_key() {
    assert!(read("", &[("SEKISHO_TEST_POSTGRES", "postgres://host/db")]).is_ok());
}

#[test]
fn all_faults_are_told_at_once_one_line_each() {
    let Err(Faults(lines)) = read(
        "colour = 1\n[session]\naccess_ttl = \"soon\"\nacess_ttl = \"5m\"\nstrategy = \"cookie\"\n[server]\npublic_url = \"http://example.com\"",
        &[("SEKISHO_SERVER__ADDR", "nowhere"), ("SEKISHO_NO__SUCH", "1"), ("AUTH_SECRET", "short")],
    ) else {
        panic!("a broken configuration was taken")
    };
    for part in [
        "colour",
        "session.access_ttl",
        "session.acess_ttl",
        "session.strategy",
        "server.public_url",
        "server.addr",
        "no.such",
        "auth_secret",
    ] {
        assert_eq!(lines.iter().filter(|line| line.starts_with(part)).count(), 1, "{part}: {lines:#?}");
    }
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn http_is_for_loopback_only_unless_asked_for() {
    assert!(read("[server]\npublic_url = \"http://192.168.1.7:3000\"", &[]).is_err());
    assert!(read("[server]\npublic_url = \"http://192.168.1.7:3000\"\ninsecure_cookies = true", &[]).is_ok());
    assert!(
        read("[server]\npublic_url = \"https://id.example.com/\"", &[]).unwrap().public_url == "https://id.example.com"
    );
    assert!(read("[server]\npublic_url = \"https://id.example.com/app\"", &[]).is_err());
}

#[test]
fn hosts_to_be_led_back_to_are_named_with_their_port_and_nothing_else() {
    let config = read("server.return_hosts = [\"app.example.com\", \"wiki.example.com:8443\"]", &[]).unwrap();
    assert_eq!(config.return_hosts.safe("https://wiki.example.com:8443/x"), "https://wiki.example.com:8443/x");
    let lines = faults("server.return_hosts = [\"https://app.example.com\", \"*.*.example.com\", \"ok.example.com\"]");
    assert!(lines.len() == 2 && lines.iter().all(|line| line.starts_with("server.return_hosts:")), "{lines:#?}");
}

#[test]
fn a_star_among_them_is_for_hosts_below_the_shared_domain_only() {
    let given = |more: &str| {
        let server = "[server]\npublic_url = \"https://id.example.com\"\nreturn_hosts = \"*.example.com\"\n";
        read(&format!("{server}{more}"), &[])
    };
    let shared = given("cookie_domain = \"example.com\"").unwrap();
    assert_eq!(shared.return_hosts.safe("https://wiki.example.com/x"), "https://wiki.example.com/x");
    for more in ["", "cookie_domain = \"id.example.com\""] {
        let Err(Faults(lines)) = given(more) else { panic!("{more} was taken") };
        assert!(lines.len() == 1 && lines[0].starts_with("server.return_hosts:"), "{lines:#?}");
    }
}

#[test]
fn proxies_are_known_by_mapped_networks_too() {
    let config = read("server.trusted_proxies = \"::ffff:10.0.0.0/104, ::ffff:192.0.2.1, fd00::/8\"", &[]).unwrap();
    let named: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
}

#[test]
fn a_socket_is_a_whole_path_that_fits_an_address() {
    let socket =
        |path: &str| read(&format!("server.listen_socket = \"{path}\""), &[]).map(|config| config.listen_socket);
    assert_eq!(socket("/run/sekisho/http.sock").unwrap(), Some(PathBuf::from("/run/sekisho/http.sock")));
    assert_eq!(socket("").unwrap(), None);
    for odd in ["http.sock", "/run/", &format!("/{}", "a".repeat(90))] {
        assert_eq!(faults(&format!("server.listen_socket = \"{odd}\"")).len(), 1, "{odd}");
    }
}

#[test]
fn programs_are_told_of_a_user_what_was_named_and_nothing_that_is_unknown() {
    assert_eq!(read("", &[]).unwrap().told, Told::default());
    assert_eq!(read("forward_auth.headers = [\"name\"]", &[]).unwrap().told, Told { email: false, name: true });
    assert!(faults("forward_auth.headers = \"email, phone\"")[0].starts_with("forward_auth.headers:"));
}

#[test]
fn cookies_are_shared_below_a_parent_of_the_own_host_only() {
    let given = |url: &str, domain: &str, more: &str| {
        read(&format!("[server]\npublic_url = \"{url}\"\ncookie_domain = \"{domain}\"\n{more}"), &[])
    };
    let shared = |domain: &str| Scope::Domain(domain.into());
    assert_eq!(read("", &[]).unwrap().cookies, Scope::Host);
    assert_eq!(given("https://id.example.com", "example.com", "").unwrap().cookies, shared("example.com"));
    assert_eq!(given("https://id.example.com", "id.example.com", "").unwrap().cookies, shared("id.example.com"));
    for domain in [
        "com",
        "ample.com",
        "other.com",
        "a.id.example.com",
        ".example.com",
        "Example.com",
        "example.com:443",
        "a;b.com",
    ] {
        let Err(Faults(lines)) = given("https://id.example.com", domain, "") else { panic!("{domain} was taken") };
        assert!(lines.len() == 1 && lines[0].starts_with("server.cookie_domain:"), "{domain}: {lines:#?}");
    }
    assert!(given("http://localhost:3000", "localhost", "").is_err());
    assert!(given("http://127.0.0.1:3000", "0.0.1", "").is_err());
    assert!(given("http://id.example.com", "example.com", "insecure_cookies = true").is_err());
}

#[test]
fn audiences_are_names_of_programs_and_never_our_own() {
    assert_eq!(read("server.audiences = \"wiki, https://app.example.com\"", &[]).unwrap().audiences.len(), 2);
    for odd in ["a b", "a?b", "http://localhost:3000", "日本"] {
        assert_eq!(faults(&format!("server.audiences = \"{odd}\"")).len(), 1, "{odd}");
    }
}

/// The lines of what is wrong; none if it is taken.
fn faults(toml: &str) -> Vec<String> {
    read(toml, &[]).err().map_or_else(Vec::new, |Faults(lines)| lines)
}

fn layers(toml: &str) -> Layers {
    Layers::gather(Some(("sekisho.toml", toml)), std::iter::empty(), &[]).unwrap()
}

#[test]
fn each_strategy_and_each_profile_has_no_fault_by_itself() {
    for strategy in Strategy::ALL {
        let config = read(&format!("session.strategy = \"{}\"", strategy.as_str()), &[]).unwrap();
        assert_eq!(config.strategy, strategy);
    }
    for profile in &keys::PROFILES {
        assert_eq!(faults(&format!("session.profile = \"{}\"", profile.name)), Vec::<String>::new());
        for (name, _) in profile.presets {
            assert!(keys::KEYS.iter().any(|key| key.name == *name), "{name}");
        }
    }
}

#[test]
fn a_profile_sets_what_nobody_else_has_set() {
    let high = read("session.profile = \"high\"", &[]).unwrap();
    assert_eq!((high.strategy, high.lifetimes.max_age.as_secs()), (Strategy::Database, 7200));
    assert_eq!((high.lifetimes.update_age.as_secs(), high.lifetimes.absolute_timeout.as_secs()), (300, 43_200));
    assert_eq!((high.lifetimes.idle_timeout.as_secs(), high.lifetimes.idle_timeout_remembered.as_secs()), (900, 900));
    let low = read("session.profile = \"low\"", &[]).unwrap();
    assert_eq!((low.strategy, low.lifetimes.max_age.as_secs()), (Strategy::Jwt, 30 * 86_400));
    assert!(low.lifetimes.idle_timeout.is_zero() && low.lifetimes.idle_timeout_remembered.is_zero());
    let mixed = read("[session]\nprofile = \"low\"\nidle_timeout = \"20m\"", &[("SEKISHO_SESSION__PROFILE", "high")]);
    let mixed = mixed.unwrap();
    assert_eq!((mixed.strategy, mixed.lifetimes.idle_timeout.as_secs()), (Strategy::Database, 1200));
}

#[test]
fn a_value_from_a_profile_says_so() {
    let layers = layers("[session]\nprofile = \"high\"\nmax_age = \"3h\"");
    for (key, value, source) in [
        ("session.update_age", "5m", "profile high"),
        ("session.max_age", "3h", "sekisho.toml"),
        ("session.access_ttl", "15m", "default"),
    ] {
        let shown = Config::show(&layers).into_iter().find(|row| row.key == key).unwrap();
        assert_eq!((shown.value.as_str(), shown.source.as_str()), (value, source), "{key}");
    }
}

#[test]
fn what_can_not_work_together_is_told_at_once_with_what_does_not_exist() {
    let lines = faults(
        "colour = 1\n[session]\nstrategy = \"jwt\"\nmax_sessions = 3\nstore = \"redis\"\nmax_age = \"1h\"\nrefresh_lead = \"2h\"\n[redis]\nurl = \"redis://127.0.0.1\"",
    );
    for part in ["colour", "session.max_sessions", "session.store", "session.update_age", "session.refresh_lead"] {
        assert_eq!(lines.iter().filter(|line| line.starts_with(part)).count(), 1, "{part}: {lines:#?}");
    }
    assert_eq!(lines.len(), 5, "{lines:#?}");
}

#[test]
fn a_value_that_could_not_be_read_is_one_fault_and_not_judged_beside_others() {
    let lines = faults("[session]\nstrategy = \"database\"\nmax_age = \"soon\"\nidle_warning = \"1h\"");
    assert!(lines.len() == 2 && lines[0].starts_with("session.max_age:"), "{lines:#?}");
    assert!(lines[1].starts_with("session.idle_warning:"), "{lines:#?}");
}

#[test]
fn redis_needs_an_address_and_the_strategy_that_uses_it() {
    assert!(faults("[session]\nprofile = \"high\"\nstore = \"redis\"")[0].starts_with("redis.url:"));
    let config =
        read("session = { profile = \"high\", store = \"redis\" }\nredis.url = \"redis://:pw@127.0.0.1\"", &[]);
    assert_eq!(config.unwrap().web_store, WebStore::Redis("redis://:pw@127.0.0.1".to_owned()));
    assert_eq!(faults("redis.url = \"127.0.0.1\"").len(), 1);
}

#[test]
fn a_limit_counts_sessions_and_says_what_to_do_at_it() {
    let config = read("[session]\nmax_sessions = 5\non_limit = \"ask\"", &[]).unwrap();
    assert_eq!(config.device_limit, DeviceLimit { max: 5, on_limit: OnLimit::Ask });
    assert_eq!(faults("session.on_limit = \"ask\""), Vec::<String>::new());
    assert_eq!(faults("[session]\nmax_sessions = -1\non_limit = \"evict\"").len(), 2);
}

#[test]
fn a_schedule_and_its_zone_are_each_judged() {
    let lines = faults("[cleanup]\nschedule = \"daily\"\ntimezone = \"Asia/Kyoto\"");
    assert!(lines.iter().any(|line| line.starts_with("cleanup.schedule:")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("cleanup.timezone:")), "{lines:#?}");
    let utc = read("cleanup.timezone = \"UTC\"", &[]).unwrap();
    assert_eq!(utc.cleanup.next_after(Timestamp(0)), Timestamp::from_secs(3 * 3600));
}

#[test]
fn no_password_may_be_shorter_than_one_that_is_the_only_factor() {
    for (length, allowed) in [(0, false), (14, false), (15, true), (64, true), (65, false)] {
        let faults = faults(&format!("[password]\nmin_length = {length}"));
        assert_eq!(faults.is_empty(), allowed, "{length}: {faults:?}");
    }
}

#[test]
fn a_secret_is_made_beside_a_file_only() {
    let config = read("database.url = \"postgres://u:hunter2@db.example.com/sekisho\"", &[]).unwrap();
    assert_eq!(config.database_file(), None);
    let Faults(lines) = config.secret(false, [7; 32]).unwrap_err();
    assert!(lines.len() == 1 && lines[0].starts_with("auth_secret:") && !lines[0].contains("hunter2"), "{lines:?}");
}

#[test]
fn a_weak_secret_is_refused_and_may_still_be_the_one_that_is_replaced() {
    let weak = "changeme".repeat(8);
    assert!(read("", &[("AUTH_SECRET", &weak)]).is_err());
    assert!(read("", &[("AUTH_SECRET", SECRET), ("AUTH_SECRET_PREVIOUS", &weak)]).is_ok());
}

const SECRET: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

#[test]
fn a_secret_is_never_shown() {
    let environment = [
        ("AUTH_SECRET", SECRET),
        ("SEKISHO_DATABASE__URL", "postgres://user:hunter2@host/db"),
        ("SEKISHO_REDIS__URL", "redis://:hunter2@host"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let layers = Layers::gather(None, environment.into_iter(), &[]).unwrap();
    let shown = Config::show(&layers);
    for (key, value) in [
        ("auth_secret", "********"),
        ("auth_secret_previous", ""),
        ("database.url", "postgres://user:********@host/db"),
        ("redis.url", "redis://:********@host"),
    ] {
        assert!(shown.iter().any(|row| row.key == key && row.value == value), "{key}: {shown:?}");
    }
    let printed = format!("{shown:?}{:?}", Config::read(&layers).unwrap());
    assert!(!printed.contains(SECRET) && !printed.contains("hunter2"), "{printed}");
}

#[test]
fn keys_are_rotated_no_sooner_than_they_can_be_announced() {
    let config = read("[keys]\nalgorithm = \"ES256\"\nrotation = \"0\"", &[]).unwrap();
    assert_eq!((config.keys.algorithm.as_str(), config.keys.rotation), ("ES256", Duration::ZERO));
    assert_eq!(read("", &[]).unwrap().keys.rotation, Duration::from_hours(90 * 24));
    assert_eq!(faults("[keys]\nrotation = \"15m\"").len(), 1);
    assert_eq!(faults("[keys]\nalgorithm = \"RS256\"").len(), 1);
}

#[test]
fn a_secret_beside_the_database_is_looked_at_where_none_is_configured() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (database, secret) = (folder.path().join("a.db"), folder.path().join("a.secret"));
    let toml = format!("database.url = \"sqlite://{}\"", database.display());
    let config = read(&toml, &[]).unwrap();
    assert!(config.unwise_secrets().is_empty() && config.refuse_lost_database().is_ok());
    std::fs::write(&secret, "").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(config.unwise_secrets().len(), 1);
    let configured = read(&toml, &[("AUTH_SECRET", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=")]).unwrap();
    assert!(configured.unwise_secrets().is_empty());
    assert_eq!(config.refuse_lost_database().unwrap_err().0.len(), 1);
    std::fs::write(&database, "").unwrap();
    assert!(config.refuse_lost_database().is_ok());
}

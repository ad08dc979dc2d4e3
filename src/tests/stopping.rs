//! SIGTERM ends the program as it ships, whatever hangs: the database while it starts or serves, or whoever reads what it
//! prints.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Stdio,
    time::Duration,
};

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    binary::Server,
    proxy::{Proxy, Way},
    test_app::TestApp,
    test_database::{TestDatabase, postgres_server, skipped},
};

const SECRET: &str = "7d0e2f7f8c1b4be2a9c65c1c8f1b0f5ee9d1a4c37b6f4f0b36c1d09e52fa7781";

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A server that doesn't even begin must fail its test, not hang it.
fn accept_soon(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    for _ in 0..600 {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            return stream;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("nobody has connected")
}

#[test]
fn a_start_that_waits_for_a_database_that_says_nothing_can_be_stopped() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("database.url=postgres://sekisho@{}/sekisho", silent.local_addr().unwrap());
    let mut server = Server::starting(free(), &[&url], Some(SECRET), Stdio::null());
    let mut waiting = accept_soon(&silent);
    waiting.read_exact(&mut [0; 4]).unwrap();
    server.signal("TERM");
    assert!(server.ends_well_soon(), "it gave up by itself");
}

#[tokio::test]
async fn a_start_that_waits_for_a_migration_can_be_stopped() {
    let Some(postgres) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&postgres).await, &[]).await;
    let mut other = PgConnection::connect(&app.database.url()).await.unwrap();
    other.execute("BEGIN; LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let url = format!("database.url={}", app.database.url());
    let mut server = Server::starting(free(), &[&url], app.database.secret(), Stdio::null());
    let waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = '_sqlx_migrations'::regclass::oid";
    while app.number(waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.signal("TERM");
    assert!(server.ends_well_soon());
}

#[tokio::test]
async fn a_server_whose_database_hangs_can_be_stopped() {
    let Some(postgres) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let proxy = Proxy::before(&postgres).await;
    let database = TestDatabase::postgres(&postgres).await;
    let mut server = Server::upon(&database, &database.url_by(&proxy.url(&postgres)));
    server.is_well();
    proxy.set(Way::BlackHole).await;
    server.signal("TERM");
    assert!(server.ends_well_soon());
}

/// What waits for a reader here waits in the system, where no timeout of a task reaches.
#[test]
fn a_server_that_hangs_in_a_call_can_be_stopped() {
    let (_unread, stdout) = std::io::pipe().unwrap();
    let mut filler = stdout.try_clone().unwrap();
    std::thread::spawn(move || while filler.write_all(&[b'-'; 4096]).is_ok() {});
    let addr = free();
    let mut server = Server::starting(addr, &[], None, stdout);
    for _ in 0..600 {
        if server.waits_at_a_pipe() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert!(server.waits_at_a_pipe(), "it does not hang");
    server.signal("TERM");
    assert_eq!(server.ends_soon().unwrap().code(), Some(1), "it was cut short");
}

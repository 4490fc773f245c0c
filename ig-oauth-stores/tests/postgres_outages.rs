//! PostgreSQL: a server that hangs, turns into a standby, or shares its connections with others.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{join_all, poll_fn};
use ig_oauth_common::Timestamp;
use ig_oauth_common::http::{Clock as _, SystemClock};
use ig_oauth_common::store::{AccountPage, Claim, Store as _};
use ig_oauth_stores::{PostgresStore, StoreSetupErrorKind};
use ig_oauth_test_servers::{Passage, PostgresServer};
use support::{NOW, account_of, beside, cause, login, outage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, UnixStream};

fn url(passage: &Passage) -> String {
    format!("postgres://postgres@{}/postgres?sslmode=disable", passage.address())
}

async fn number(client: &tokio_postgres::Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_few_connections() {
    let Some(server) = PostgresServer::start() else { return };
    let passage = Passage::open(server.socket()).await;
    let builder = PostgresStore::builder(url(&passage)).pool_size(4);
    let store = builder.timeout(outage::TIMEOUT).connect().await.unwrap();
    // At most a pool of them a timeout, and one timeout a wave.
    outage::an_outage_costs_few_connections(&store, &passage, server.socket(), 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_worker_keeps_nobody_waiting() {
    let Some(server) = PostgresServer::start() else { return };
    let builder = PostgresStore::builder(server.url()).pool_size(4);
    let store = Arc::new(builder.connect().await.unwrap());
    outage::a_blocked_worker_keeps_nobody_waiting(store).await;
}

#[tokio::test]
async fn a_store_made_in_a_runtime_that_is_gone_works_where_it_is_used() {
    let Some(server) = PostgresServer::start() else { return };
    let url = server.url();
    let connect = async || PostgresStore::connect(url).await.unwrap();
    let store = outage::made_elsewhere(connect).await;
    outage::works(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_go_away_cost_no_connection() {
    let Some(server) = PostgresServer::start() else { return };
    let passage = Passage::open(server.socket()).await;
    let builder = PostgresStore::builder(url(&passage)).pool_size(2);
    let store = builder.connect().await.unwrap();
    for _ in 0..50 {
        let mut asked = Box::pin(store.accounts(AccountPage::new("client", 1)));
        // As far as the statement's way to the server, and then gone.
        for _ in 0..20 {
            let look = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_ready()));
            if look.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(asked);
        assert_eq!(store.accounts(AccountPage::new("client", 1)).await.unwrap(), []);
    }
    // The first one, which made the tables, is in no pool.
    assert!(passage.taken() <= 3, "{} connections", passage.taken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_became_a_standby_is_left() {
    let Some(old) = PostgresServer::start() else { return };
    let Some(new) = PostgresServer::start() else { return };
    let passage = Passage::open(old.socket()).await;
    let connect = || PostgresStore::builder(url(&passage)).pool_size(4).connect();
    let store = connect().await.unwrap();
    // A pool full of connections to the old one.
    join_all((0..20).map(|_| store.accounts(AccountPage::new("client", 1)))).await;
    let demote = "ALTER SYSTEM SET default_transaction_read_only = on";
    let client = beside(&old).await;
    client.batch_execute(demote).await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // Its connections notice it gradually.
    let account = account_of(1);
    let mut writes = 0;
    while store.put_account(account.clone(), None).await.is_ok() {
        writes += 1;
        assert!(writes < 100_000, "the server goes on writing");
    }
    let error = connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreSetupErrorKind::Refused);
    assert!(error.to_string().contains("give the primary's URL"), "{error}");

    // The name now leads to the new primary.
    let successor = PostgresStore::connect(new.url()).await.unwrap();
    let (session, account) = login();
    successor.put_account(account.clone(), Some(session.clone())).await.unwrap();
    passage.lead_to(new.socket());
    store.put_account(account.clone(), None).await.unwrap();
    for found in join_all((0..20).map(|_| store.session(&session.id_hash, NOW))).await {
        assert_eq!(found.unwrap(), Some((session.clone(), account.clone())));
    }
}

/// Of two servers in the URL the second one writes.
#[tokio::test]
async fn among_several_servers_the_one_that_writes_is_taken() {
    let Some(standby) = PostgresServer::start() else { return };
    let Some(primary) = PostgresServer::start() else { return };
    let demote = "ALTER SYSTEM SET default_transaction_read_only = on";
    let client = beside(&standby).await;
    client.batch_execute(demote).await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    while beside(&standby).await.batch_execute("CREATE TABLE probe ()").await.is_ok() {
        client.batch_execute("BEGIN READ WRITE; DROP TABLE probe; COMMIT").await.unwrap();
    }
    let (first, second) =
        (Passage::open(standby.socket()).await, Passage::open(primary.socket()).await);
    let url = format!(
        "postgres://postgres@{},{}/postgres?sslmode=disable",
        first.address(),
        second.address()
    );
    let store = PostgresStore::connect(url).await.unwrap();
    store.put_account(account_of(1), None).await.unwrap();
    assert_eq!(number(&beside(&primary).await, "SELECT count(*) FROM ig_oauth_accounts").await, 1);
}

#[tokio::test]
async fn a_server_that_hangs_does_not_keep_the_others_from_their_turn() {
    let Some(server) = PostgresServer::start() else { return };
    let (first, second) =
        (Passage::open(server.socket()).await, Passage::open(server.socket()).await);
    first.block();
    let url = format!(
        "postgres://postgres@{},{}/postgres?sslmode=disable",
        first.address(),
        second.address()
    );
    let store = PostgresStore::connect(url).await.unwrap();
    store.put_account(account_of(1), None).await.unwrap();
    assert!(first.taken() > 0, "the first one was asked first");
}

/// Behind a pooler the next one to use the connection is another app.
#[tokio::test]
async fn nothing_is_set_that_outlives_a_transaction() {
    let Some(server) = PostgresServer::start() else { return };
    let client = beside(&server).await;
    client.batch_execute("ALTER SYSTEM SET log_statement = 'all'").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let log = || std::fs::read_to_string(server.folder().join("log")).unwrap();
    while !log().contains("a probe of the log") {
        beside(&server).await.batch_execute("SELECT 'a probe of the log'").await.unwrap();
    }
    let store = PostgresStore::connect(server.url()).await.unwrap();
    store.put_account(account_of(1), None).await.unwrap();
    let log = log();
    assert!(log.contains("INSERT INTO ig_oauth_accounts"), "{log}");
    assert!(log.contains("SET LOCAL statement_timeout"), "{log}");
    let lasting = log.lines().find(|line| {
        line.contains("SET ")
            && !line.contains("SET LOCAL")
            && !line.contains("ALTER SYSTEM")
            && !line.contains("DO UPDATE")
    });
    assert_eq!(lasting, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_whose_clock_is_wrong_clears_nothing() {
    let Some(server) = PostgresServer::start() else { return };
    let client = beside(&server).await;
    // The server's clock says 2001, which is what a clock that runs ahead looks like from there.
    client
        .batch_execute(
            "CREATE SCHEMA clock; \
             CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
             AS $$SELECT to_timestamp(1000000000)$$; \
             ALTER ROLE postgres SET search_path = clock, pg_catalog, public",
        )
        .await
        .unwrap();
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let long_ago = Timestamp::from_unix_seconds(1_000);
    let now = SystemClock::new().now();
    let expired = Timestamp::from_unix_seconds(1_500_000_000);
    assert!(store.claim(Claim::new("by both clocks", "owner", long_ago), now).await.unwrap());
    assert!(store.claim(Claim::new("by one clock", "owner", expired), now).await.unwrap());
    for number in 0..1_000 {
        let claim = Claim::new(format!("{number}"), "owner", NOW);
        assert!(store.claim(claim, now).await.unwrap());
    }
    // Its tables are where that clock is.
    let client = beside(&server).await;
    let left = "SELECT count(*) FROM ig_oauth_claims WHERE key LIKE 'by %'";
    let mut looks = 0;
    while number(&client, left).await == 2 {
        looks += 1;
        assert!(looks < 100_000, "nothing is tidied up");
    }
    let theirs = Claim::new("by one clock", "another", NOW);
    assert!(!store.claim(theirs, long_ago).await.unwrap(), "it is still there");
}

/// A pooler that refuses startup options with this message, and forwards all other connections to
/// the server.
async fn pooler(refusal: &'static str, socket: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url =
        format!("postgres://postgres@{}/postgres?sslmode=disable", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut outer, _)) = listener.accept().await {
            let socket = socket.clone();
            tokio::spawn(async move {
                let length = outer.read_u32().await.unwrap();
                let mut startup = length.to_be_bytes().to_vec();
                startup.resize(usize::try_from(length).unwrap(), 0);
                outer.read_exact(startup.get_mut(4..).unwrap()).await.unwrap();
                if startup.windows(9).any(|word| word == b"\0options\0") {
                    let refusal = format!("SFATAL\0{refusal}\0\0");
                    let length = u32::try_from(refusal.len() + 4).unwrap().to_be_bytes();
                    let answer = [b"E".as_slice(), &length, refusal.as_bytes()].concat();
                    outer.write_all(&answer).await.unwrap();
                    return;
                }
                let mut inner = UnixStream::connect(socket).await.unwrap();
                inner.write_all(&startup).await.unwrap();
                drop(copy_bidirectional(&mut outer, &mut inner).await);
            });
        }
    });
    url
}

#[tokio::test]
async fn a_pooler_that_refuses_our_options_is_explained_and_can_be_used_without_them() {
    let Some(server) = PostgresServer::start() else { return };
    for refusal in [
        // PgBouncer.
        "C08P01\0Munsupported startup parameter: options",
        // The pooled endpoints of Neon.
        "C08P01\0Munsupported startup parameter in options: statement_timeout",
        // Amazon RDS Proxy.
        "C0A000\0MFeature not supported: RDS Proxy currently doesn't support command-line options.",
    ] {
        let url = pooler(refusal, server.socket()).await;
        let error = PostgresStore::connect(&url).await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("statement_timeout(false)"), "{error}");
        assert!(error.to_string().contains("ignore_startup_parameters"), "{error}");
        let builder = PostgresStore::builder(url).statement_timeout(false);
        outage::works(&builder.connect().await.unwrap()).await;
    }
}

#[tokio::test]
async fn why_a_server_is_not_reached_is_said_at_run_time_too() {
    let Some(mut server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    server.kill();
    let cause = cause(&store.accounts(AccountPage::new("client", 1)).await.unwrap_err());
    assert!(cause.contains("error connecting to server: "), "{cause}");
    assert!(cause.contains("(os error "), "{cause}");
}

/// An operation that was reported as failed does not run later.
#[tokio::test]
async fn what_waited_in_a_blocked_runtime_for_too_long_is_not_begun() {
    let Some(server) = PostgresServer::start() else { return };
    let (tell, told) = tokio::sync::oneshot::channel();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let url = server.url();
    let home = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // One connection, so that one operation comes after the other.
            let builder = PostgresStore::builder(url).pool_size(1).timeout(outage::TIMEOUT);
            tell.send(builder.connect().await.unwrap()).unwrap();
            blocked.recv().unwrap();
            ended.await.unwrap();
        });
    });
    let store = told.await.unwrap();
    let late = (1..=20).map(|number| store.put_account(account_of(number), None));
    assert!(join_all(late).await.iter().all(Result::is_err));
    release.send(()).unwrap();
    store.put_account(account_of(21), None).await.unwrap();
    let count = "SELECT count(*) FROM ig_oauth_accounts";
    assert_eq!(number(&beside(&server).await, count).await, 1);
    end.send(()).unwrap();
    home.await.unwrap();
}

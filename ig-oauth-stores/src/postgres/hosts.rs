//! Splits a URL with several servers into one configuration per server.

use tokio_postgres::Config;
use tokio_postgres::config::LoadBalanceHosts;

/// One configuration per server, in their order. `None` if the driver cannot read the URL. The driver
/// could try all of them, but has no limit for a server that accepts the connection and does not answer.
///
/// They stay in one configuration if the driver has to choose the order, or if the servers are not where a
/// URL has them.
pub(super) fn one_each(url: &str) -> Option<Vec<Config>> {
    let together: Config = url.parse().ok()?;
    let is_random = together.get_load_balance_hosts() == LoadBalanceHosts::Random;
    let alone = if is_random { None } else { alone(url) };
    Some(alone.unwrap_or_else(|| vec![together]))
}

fn alone(url: &str) -> Option<Vec<Config>> {
    let (scheme, rest) = url.split_once("://")?;
    // As the driver reads it: a slash before the first `@` belongs to the password.
    let (user, rest) = rest.split_at(rest.find('@').map_or(0, |at| at + 1));
    let (servers, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let configs = servers.split(',').map(|server| {
        let config: Config = format!("{scheme}://{user}{server}{path}").parse().ok()?;
        let is_one = config.get_hosts().len() == 1 && config.get_hostaddrs().is_empty();
        is_one.then_some(config)
    });
    configs.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    const SETTINGS: &str = "app?options=-c%20geqo%3Doff&application_name=a\
                            &sslmode=require&sslnegotiation=direct&connect_timeout=3\
                            &tcp_user_timeout=4&keepalives=0&keepalives_idle=5\
                            &keepalives_interval=6&keepalives_retries=7\
                            &target_session_attrs=read-write&channel_binding=require";

    #[test]
    fn each_server_has_all_settings() {
        let url = |servers: &str| format!("postgres://us%40r:p%2C/ss@{servers}/{SETTINGS}");
        let alone = one_each(&url("one:1,%2Ffolder:2,three,[::1]:4")).unwrap();
        let expected = ["one:1", "%2Ffolder:2", "three", "[::1]:4"];
        let expected = expected.map(|server| url(server).parse::<Config>().unwrap());
        assert!(alone == expected, "{alone:?}");
    }

    #[test]
    fn servers_that_stand_elsewhere_or_in_no_order_stay_together() {
        for url in [
            "postgres://one,two/app?load_balance_hosts=random",
            "postgres://one,two/app?hostaddr=127.0.0.1,127.0.0.2",
            "postgres:///app?host=one,two",
        ] {
            assert!(one_each(url).unwrap() == [url.parse::<Config>().unwrap()], "{url}");
        }
        assert!(one_each("postgres://one:x/app").is_none());
    }
}

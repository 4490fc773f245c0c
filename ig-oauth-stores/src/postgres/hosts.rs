//! Splits a URL with several servers into one configuration per server.

use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts};

/// One configuration per server, in their order. The driver could try all of them, but has no limit
/// for a server that accepts the connection and does not answer.
///
/// They stay in one configuration if the driver has to choose the order, or has to report that the
/// numbers of hosts and ports do not match.
pub(super) fn one_each(config: &Config) -> Vec<Config> {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let ports = config.get_ports();
    let is_random = config.get_load_balance_hosts() == LoadBalanceHosts::Random;
    let has_addresses = [0, hosts.len()].contains(&addresses.len());
    let has_ports = [0, 1, hosts.len()].contains(&ports.len());
    if is_random || !has_addresses || !has_ports {
        return vec![config.clone()];
    }
    let alone = |(place, host): (usize, &Host)| {
        let mut alone = without_servers(config);
        match host {
            Host::Tcp(name) => alone.host(name),
            #[cfg(unix)]
            Host::Unix(folder) => alone.host_path(folder),
        };
        if let Some(address) = addresses.get(place) {
            alone.hostaddr(*address);
        }
        if let Some(port) = ports.get(place).or_else(|| ports.first()) {
            alone.port(*port);
        }
        alone
    };
    hosts.iter().enumerate().map(alone).collect()
}

/// The driver cannot remove a server from a configuration.
fn without_servers(config: &Config) -> Config {
    let mut copy = Config::new();
    if let Some(user) = config.get_user() {
        copy.user(user);
    }
    if let Some(password) = config.get_password() {
        copy.password(password);
    }
    if let Some(database) = config.get_dbname() {
        copy.dbname(database);
    }
    if let Some(options) = config.get_options() {
        copy.options(options);
    }
    if let Some(name) = config.get_application_name() {
        copy.application_name(name);
    }
    if let Some(timeout) = config.get_connect_timeout() {
        copy.connect_timeout(*timeout);
    }
    if let Some(timeout) = config.get_tcp_user_timeout() {
        copy.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        copy.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        copy.keepalives_retries(retries);
    }
    copy.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    copy
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    const SETTINGS: &str = "app?user=us%65r&password=p%40ss&options=-c%20geqo%3Doff&application_name=a\
                            &sslmode=require&sslnegotiation=direct&connect_timeout=3\
                            &tcp_user_timeout=4&keepalives=0&keepalives_idle=5\
                            &keepalives_interval=6&keepalives_retries=7\
                            &target_session_attrs=read-write&channel_binding=require";

    fn settings(servers: &str) -> Config {
        format!("postgres://{servers}/{SETTINGS}").parse().unwrap()
    }

    #[test]
    fn each_server_has_all_settings() {
        let alone = one_each(&settings("one:1,%2Ffolder:2,three:3"));
        let expected = [settings("one:1"), settings("%2Ffolder:2"), settings("three:3")];
        assert!(alone == expected, "{alone:?}");
        let balanced: Config = "postgres://one,two/app?load_balance_hosts=random".parse().unwrap();
        assert!(one_each(&balanced) == [balanced]);
    }
}

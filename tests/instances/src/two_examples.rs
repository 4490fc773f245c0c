//! Two instances of an example behind a round robin, a provider in a process of its own, one store.

use std::collections::HashSet;

use ig_oauth_common::{Config, Flow, UserId};
use ig_oauth_conformance::browser::{Browser, Response};
use ig_oauth_conformance::example::Example;
use ig_oauth_conformance::program::Program;

use crate::engine::{COOKIE_SECRET, Engine};
use crate::round_robin::RoundRobin;

const CALLBACK: &str = "/auth/instagram/callback";
const EXCHANGE: &str = "POST /oauth/access_token";

/// Paths of programs. Only a test knows those of its package.
pub struct Programs {
    /// The simulator.
    pub provider: &'static str,
    /// The examples, of each framework one.
    pub examples: [&'static str; 2],
}

/// The simulator as a program, and the settings it prints.
struct Provider {
    program: Program,
    settings: Vec<(String, String)>,
}

impl Provider {
    fn start(program: &str, redirect_uri: &str) -> Self {
        let program = Program::start(program, &[("INSTAGRAM_REDIRECT_URI", redirect_uri)]);
        let mut settings = Vec::new();
        while !program.wait_for("").contains("What comes in") {
            let printed = program.printed();
            let lines = printed.iter().filter_map(|line| line.split_once('='));
            settings = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        }
        Self { program, settings }
    }

    fn exchanges(&self) -> usize {
        self.program.printed().iter().filter(|line| *line == EXCHANGE).count()
    }
}

struct Site {
    proxy: RoundRobin,
    provider: Provider,
    instances: [Example; 2],
}

impl Site {
    fn start(provider: &str, example: &str, engine: &Engine) -> Self {
        let proxy = RoundRobin::bind();
        let redirect_uri = proxy.url(CALLBACK);
        let provider = Provider::start(provider, &redirect_uri);
        let (name, url) = engine.environment();
        let mut environment = vec![
            ("INSTAGRAM_REDIRECT_URI", redirect_uri.as_str()),
            ("INSTAGRAM_COOKIE_SECRETS", COOKIE_SECRET),
            (name, url.as_str()),
        ];
        let settings = provider.settings.iter();
        environment.extend(settings.map(|(name, value)| (name.as_str(), value.as_str())));
        let start = || Example::start(example, &environment);
        let instances = [start(), start()];
        let address = |example: &Example| example.origin.trim_start_matches("http://").to_owned();
        proxy.serve(instances.iter().map(address).collect());
        Self { proxy, provider, instances }
    }

    /// Allows in the window, and gives the callback that is not visited yet.
    async fn allowed(&self, browser: &mut Browser) -> String {
        let start = browser.step(&self.proxy.url("/auth/instagram/login?return_to=/me")).await;
        let window = format!("{}&fake_decision=allow", start.location());
        browser.step(&window).await.location().to_owned()
    }
}

fn sessions(answers: &[Response]) -> HashSet<String> {
    let cookies = answers.iter().flat_map(|answer| answer.all("set-cookie"));
    let kept = cookies.filter(|line| line.contains("ig_session") && !line.contains("Max-Age=0"));
    kept.map(str::to_owned).collect()
}

/// A login that one instance starts ends on the other, and both know the user afterwards.
pub async fn a_login_started_on_one_instance_ends_on_the_other(
    programs: &Programs,
    engine: &Engine,
) {
    for program in programs.examples {
        let site = Site::start(programs.provider, program, engine);
        let mut browser = Browser::new();
        browser.open(&site.proxy.url("/")).await;
        browser.click("Log in with Instagram").await;
        browser.press("Allow").await;
        let served = site.proxy.served();
        let by = |wanted: &str| {
            let found = served.iter().find(|(_, path)| path == wanted);
            found.unwrap_or_else(|| panic!("{wanted} in {served:?}")).0
        };
        assert_ne!(by("/auth/instagram/login"), by(CALLBACK), "{program}: {served:?}");
        for _ in 0..2 {
            let page = browser.open(&site.proxy.url("/")).await;
            assert!(page.response.text().contains("You are logged in"), "{program}");
        }
        assert_eq!(site.provider.exchanges(), 1);
    }
}

/// Fifty identical callbacks on both instances cost one exchange, and none gets a server error.
pub async fn fifty_identical_callbacks_cost_one_exchange(programs: &Programs, engine: &Engine) {
    for program in programs.examples {
        let site = Site::start(programs.provider, program, engine);
        let mut browser = Browser::new();
        let callback = site.allowed(&mut browser).await;
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let (mut browser, callback) = (browser.clone(), callback.clone());
                tokio::spawn(async move { browser.step(&callback).await })
            })
            .collect();
        let mut answers = Vec::new();
        for caller in callers {
            answers.push(caller.await.unwrap());
        }
        assert_eq!(site.provider.exchanges(), 1, "{program}");
        assert_eq!(sessions(&answers).len(), 1, "{program}: one session, shared");
        let landed = answers.iter().filter(|answer| answer.status == 303).count();
        let soft = answers.iter().filter(|answer| answer.status == 400).count();
        assert_eq!(landed + soft, 50, "{program}: neither in a server error");
        let name = program.rsplit('/').next().unwrap_or_default();
        println!("{name}: 50 identical callbacks, 1 exchange; {landed} landed, {soft} soft");
        let by_instance = |number| {
            let served = site.proxy.served();
            served.iter().filter(|(by, path)| *by == number && path == CALLBACK).count()
        };
        assert_eq!((by_instance(0), by_instance(1)), (25, 25));
    }
}

/// A user who is revoked in the store is out on both at the next request.
pub async fn a_revoked_user_is_out_on_both_at_once(programs: &Programs, engine: &Engine) {
    for program in programs.examples {
        let site = Site::start(programs.provider, program, engine);
        let mut browser = Browser::new();
        let callback = site.allowed(&mut browser).await;
        assert_eq!(browser.step(&callback).await.status, 303);
        let me = site.proxy.url("/me");
        let mut user_id = String::new();
        for _ in 0..2 {
            let known = browser.fetch_json("GET", &me).await;
            assert_eq!(known.status, 200, "{program}: {}", known.describe());
            user_id = known.json()["user_id"].as_str().unwrap().to_owned();
        }
        let client_id = &site.provider.settings.iter().find(|(name, _)| name.ends_with("_ID"));
        let client_id = client_id.unwrap().1.as_str();
        let user_id = user_id.parse::<UserId>().unwrap();
        let builder = Config::builder(client_id, "no app secret", "https://job.example/callback");
        let config = engine.store().await.used_by(builder).build().unwrap();
        let job = Flow::new(config).offline_access().unwrap();
        assert_eq!(job.revoke(&user_id).await.unwrap(), 1);
        for _ in 0..2 {
            let unknown = browser.fetch_json("GET", &me).await;
            assert_eq!(unknown.status, 401, "{program}: {}", unknown.describe());
        }
        let greeting = &site.instances[0].greeting;
        assert!(greeting.contains("sessions  in "), "{greeting}");
    }
}

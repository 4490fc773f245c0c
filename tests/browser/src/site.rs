//! What a browser visits: the examples of one framework, and the test app behind the gateway.

use std::cell::RefCell;

use ig_oauth_conformance::apps::{Actix, Axum};
use ig_oauth_conformance::example::Example;
use ig_oauth_conformance::harness::{App, Settings};

use crate::gateway::Gateway;
use crate::pages::Seen;
use crate::stages::Stages;

/// A web framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// By the tower adapter.
    Axum,
    /// By the adapter of its name.
    Actix,
}

/// Paths of programs. Only a test knows those of its package.
#[derive(Clone, Copy, Debug)]
pub struct Programs {
    /// The example.
    pub example: &'static str,
    /// The example that connects accounts.
    pub connect: &'static str,
}

/// The sites of one framework.
pub struct Site {
    /// What they run on.
    pub framework: Framework,
    /// The example, on `http://127.0.0.1`; its simulator is on `localhost`.
    pub example: Example,
    /// The example that connects accounts.
    pub connect: Example,
    /// The test app, its simulator and its clock.
    pub app: App,
    /// `https://app.example.test` before the test app, and other sites.
    pub gateway: Gateway,
    /// Apps in which everything can go wrong.
    pub stages: Stages,
    /// Where the programs are, for a start with other settings.
    pub programs: Programs,
    /// What one check has seen on every page, for the next one.
    pub(crate) seen: RefCell<Seen>,
}

impl Site {
    /// Starts all of them.
    pub async fn start(framework: Framework, programs: Programs) -> Self {
        let gateway = Gateway::bind().await;
        let redirect_uri = gateway.app("/auth/instagram/callback");
        let sibling = gateway.spa("");
        let settings = Settings::new().redirect_uri(&redirect_uri).configure(|builder| {
            builder.allowed_return_origins([sibling]).after_logout("/test/out.html")
        });
        let app = match framework {
            Framework::Axum => App::start(&Axum, settings).await,
            Framework::Actix => App::start(&Actix, settings).await,
        };
        gateway.serve(app.address());
        Self {
            framework,
            example: Example::start(programs.example, &[]),
            connect: Example::start(programs.connect, &[]),
            app,
            gateway,
            stages: Stages::start(framework).await,
            programs,
            seen: RefCell::default(),
        }
    }
}

//! The flow: a request comes in, a reply goes out.
//!
//! [`Flow::route`] says whether a path is one of the crate's, [`Flow::begin`] checks the request
//! and returns the reply or a [`Job`] that computes it, and [`AppRequest`] serves the app's own
//! handlers. Adapters only translate requests and replies; they contain no rules. Each step is a
//! type with the settings that it needs; [`Flow`] holds them all.

mod addresses;
mod app_answers;
mod app_request;
mod authorization;
mod begin;
#[cfg(test)]
mod bounded_work;
mod callback_route;
mod claims;
mod completion;
mod confirmation_code;
mod consumed_states;
mod consumption;
mod deaths;
mod deletions;
mod exchange_places;
mod failures;
mod fetch_metadata;
#[allow(clippy::module_inception, reason = "the flow that ties the steps of this room together")]
mod flow;
mod landing;
mod login_links;
mod login_route;
mod logout_route;
mod mode;
mod pages;
mod platform_route;
mod proven;
mod refreshes;
mod shared_refreshes;
mod successor;
mod texts;

pub(crate) use addresses::Addresses;
pub(crate) use app_answers::AppAnswers;
pub use app_answers::{Caller, middleware_missing};
pub use app_request::{AppRequest, RequiredScopes};
pub(crate) use authorization::AuthorizationRequests;
pub use begin::Form;
pub use begin::{Begin, Job, Route};
pub(crate) use callback_route::CallbackRoute;
pub(crate) use claims::Claims;
pub(crate) use claims::Deadline;
pub(crate) use completion::Completion;
pub use completion::LongLived;
pub(crate) use confirmation_code::ConfirmationCodes;
pub(crate) use consumed_states::ConsumedStates;
pub(crate) use consumption::Consumption;
pub(crate) use deaths::Deaths;
pub(crate) use deletions::Deletions;
pub(crate) use deletions::Revocations;
pub(crate) use exchange_places::ExchangePlaces;
pub(crate) use failures::Failures;
pub use flow::Flow;
pub(crate) use flow::Steps;
pub(crate) use login_links::LoginLinks;
pub use login_links::{LoginOptions, LoginOptionsError};
pub(crate) use login_route::LoginRoute;
pub(crate) use logout_route::LogoutRoute;
pub(crate) use mode::Mode;
pub(crate) use pages::Pages;
pub(crate) use platform_route::PlatformRoute;
pub(crate) use refreshes::{Patience, Refreshes, is_due};
pub(crate) use shared_refreshes::{RefreshError, SharedRefreshes};
pub use texts::{Text, Texts};
pub(crate) use texts::{Translations, site_name};

//! Where the middleware and the resources can be mounted, and what actix makes easy to get wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform as _};
use actix_web::error::{ErrorImATeapot, ErrorServiceUnavailable};
use actix_web::http::StatusCode;
use actix_web::middleware::{Compress, DefaultHeaders};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Either, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use ig_oauth_actix::hooks::{HookError, Hooks};
use ig_oauth_actix::http::{HttpRequest as ProviderRequest, HttpResponse as Answer};
use ig_oauth_actix::plain::AttachedRequest as _;
use ig_oauth_actix::{
    Config, InstagramLogin, InstagramOAuth, InstagramRejection, InstagramToken, InstagramTokenWith,
    LoginContext, LongLived, MaybeInstagramToken, RequireInstagramToken, RequiredScopes, Scopes,
    Timestamp, UserId,
};

const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";
const SECRET: &str = "FAKE-app-secret-of-more-than-32-bytes";

fn builder(prefix: &str) -> ig_oauth_actix::ConfigBuilder {
    Config::builder("990602627938098", SECRET, format!("https://app.example{prefix}{CALLBACK}"))
        .login_path(format!("{prefix}{LOGIN}"))
        .logout_path(format!("{prefix}/auth/instagram/logout"))
        .long_lived(LongLived::Off)
        .http_client(|_: ProviderRequest| async {
            Ok(Answer::new(200, br#"{"access_token":"FAKE","user_id":17841458366137975}"#.to_vec()))
        })
}

fn oauth() -> InstagramOAuth {
    with_prefix("")
}

fn with_prefix(prefix: &str) -> InstagramOAuth {
    InstagramOAuth::new(builder(prefix).build().unwrap())
}

async fn text<B: MessageBody>(response: ServiceResponse<B>) -> String {
    String::from_utf8(read_body(response).await.to_vec()).unwrap()
}

fn get(path: &str) -> actix_http::Request {
    TestRequest::get().uri(path).to_request()
}

async fn user(token: InstagramToken) -> String {
    token.user_id().to_string()
}

/// Logs in at this service, and gives the session's cookie.
async fn log_in<S, B>(app: &S) -> String
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    log_in_under("", app).await
}

async fn log_in_under<S, B>(prefix: &str, app: &S) -> String
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let started = call_service(app, get(&format!("{prefix}{LOGIN}"))).await;
    assert_eq!(started.status(), StatusCode::SEE_OTHER);
    let location = started.headers().get("location").unwrap().to_str().unwrap().to_owned();
    let state = location.rsplit_once("&state=").unwrap().1.to_owned();
    assert_eq!(started.headers().get_all("set-cookie").count(), 1, "answered once");
    let cookie = started.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
    let request = TestRequest::get()
        .uri(&format!("{prefix}{CALLBACK}?code=FAKE&state={state}"))
        .insert_header(("cookie", cookie.split(';').next().unwrap()))
        .to_request();
    let landed = call_service(app, request).await;
    assert_eq!(landed.status(), StatusCode::SEE_OTHER);
    let cookies = landed.headers().get_all("set-cookie");
    let mut sessions =
        cookies.map(|line| line.to_str().unwrap()).filter(|line| line.contains("ig_session"));
    let session = sessions.next().unwrap().split(';').next().unwrap().to_owned();
    assert!(sessions.next().is_none(), "answered once");
    session
}

macro_rules! service {
    ($app:expr) => {
        init_service($app).await
    };
}

#[actix_web::test]
async fn the_middleware_answers_wherever_it_is_wrapped() {
    let page = || web::resource("/page").to(async || "page");
    // The order of `wrap` and `service` does not matter, and paths without a route are seen too.
    let before = service!(App::new().wrap(oauth()).service(page()));
    log_in(&before).await;
    let after = service!(App::new().service(page()).wrap(oauth()));
    log_in(&after).await;
    let fallback =
        service!(App::new().wrap(oauth()).default_service(web::to(HttpResponse::NotFound)));
    log_in(&fallback).await;
    let wildcard =
        service!(App::new().wrap(oauth()).route("/{rest:.*}", web::to(HttpResponse::NotFound)));
    log_in(&wildcard).await;
    let posted = || web::post().to(HttpResponse::NotFound);
    let other_method =
        service!(App::new().wrap(oauth()).route(LOGIN, posted()).route(CALLBACK, posted()));
    log_in(&other_method).await;
    // A scope's middleware sees the whole path, unlike axum's `nest`.
    let scoped =
        service!(App::new().service(web::scope("/app").wrap(with_prefix("/app")).service(page())));
    log_in_under("/app", &scoped).await;
    // A resource's middleware sees its resource only.
    let resource = service!(App::new().service(page().wrap(oauth())));
    assert_eq!(call_service(&resource, get(LOGIN)).await.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn resources_answer_and_the_raw_path_decides() {
    let oauth = oauth();
    let app = service!(App::new().configure(oauth.configure()));
    log_in(&app).await;
    let put = TestRequest::put().uri(LOGIN).to_request();
    assert_eq!(call_service(&app, put).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    // actix decodes before it matches; another spelling is the app's, and its own answer goes out.
    let page = || web::to(async || HttpResponse::NotFound().body("the app's page"));
    let with_page = service!(App::new().configure(oauth.configure()).default_service(page()));
    for path in ["/auth/instagram/%6cogin", "/auth/instagram/%63allback?code=a&state=b"] {
        assert_eq!(call_service(&app, get(path)).await.status(), StatusCode::NOT_FOUND, "{path}");
        let answer = call_service(&with_page, get(path)).await;
        assert_eq!(text(answer).await, "the app's page", "{path}");
    }
    assert_eq!(call_service(&with_page, get(LOGIN)).await.status(), StatusCode::SEE_OTHER);
    let both = service!(App::new().configure(oauth.configure()).wrap(oauth.clone()));
    log_in(&both).await;

    let nested = with_prefix("/app");
    let app =
        service!(App::new().service(web::scope("/app").configure(nested.configure_under("/app"))));
    log_in_under("/app", &app).await;
    // Under another prefix it says what to change.
    let app = service!(App::new().service(web::scope("/other").configure(oauth.configure())));
    let answer = call_service(&app, get(&format!("/other{LOGIN}"))).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text(answer).await.contains("another path"));
}

/// What a configuration takes, a router must reach.
#[actix_web::test]
async fn every_character_that_a_path_may_have_is_mounted() {
    let callback = "/a!$&'()+,;=:@-._~b/:c/callback";
    let redirect_uri = format!("https://app.example{callback}");
    let config = Config::builder("990602627938098", SECRET, redirect_uri).build().unwrap();
    let oauth = InstagramOAuth::new(config);
    let mounted = service!(App::new().configure(oauth.configure()));
    assert_eq!(call_service(&mounted, get(callback)).await.status(), StatusCode::BAD_REQUEST);
    let wrapped = service!(App::new().wrap(oauth));
    assert_eq!(call_service(&wrapped, get(callback)).await.status(), StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_handler_without_the_middleware_asks_for_it() {
    let app = service!(
        App::new()
            .route("/token", web::get().to(user))
            .route("/maybe", web::get().to(async |_: MaybeInstagramToken| "maybe"))
            .route("/links", web::get().to(async |_: InstagramLogin| "links"))
            .service(
                web::scope("/members")
                    .wrap(RequireInstagramToken::new())
                    .route("", web::get().to(async || "members"))
            )
    );
    for path in ["/token", "/maybe", "/links", "/members"] {
        let answer = call_service(&app, get(path)).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(text(answer).await.contains("Is `InstagramOAuth` enabled?"), "{path}");
    }
}

#[actix_web::test]
async fn extractors_and_the_guard_tell_visitors_from_users() {
    let app = service!(
        App::new()
            .wrap(oauth())
            .route("/token", web::get().to(user))
            .route(
                "/maybe",
                web::get().to(async |token: MaybeInstagramToken| token.is_some().to_string())
            )
            .route(
                "/option",
                web::get().to(async |token: Option<InstagramToken>| token.is_some().to_string())
            )
            .route(
                "/links",
                web::get()
                    .to(async |login: InstagramLogin| login.login_path() + &login.logout_path())
            )
            .service(
                web::scope("/members")
                    .wrap(RequireInstagramToken::new())
                    .route("", web::get().to(async || "members"))
            )
    );
    let session = log_in(&app).await;
    for (path, visitor, member) in [
        ("/token", (401, "login_required"), (200, "17841458366137975")),
        ("/members", (401, "login_required"), (200, "members")),
        ("/maybe", (200, "false"), (200, "true")),
        ("/option", (200, "false"), (200, "true")),
        ("/links", (200, LOGIN), (200, LOGIN)),
    ] {
        for (cookie, (status, words)) in [("", visitor), (session.as_str(), member)] {
            let request =
                TestRequest::get().uri(path).insert_header(("cookie", cookie)).to_request();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status(), status, "{path}");
            assert!(text(answer).await.contains(words), "{path}");
        }
    }
}

/// `Option<InstagramToken>` is what actix makes of it: an anonymous visitor, whatever the error was.
#[actix_web::test]
async fn a_failure_is_known_to_a_handler_that_takes_the_maybe_form_and_to_none_behind_an_option() {
    struct Failing;
    impl Hooks for Failing {
        async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
            Err(HookError::new("the database is away"))
        }
    }
    struct Nothing;
    impl RequiredScopes for Nothing {
        fn scopes() -> Scopes {
            Scopes::default()
        }
    }
    /// An extractor of the app's own that takes any result.
    type Extracted = Result<InstagramToken, InstagramRejection>;
    struct Own;
    impl FromRequest for Own {
        type Error = InstagramRejection;
        type Future = Pin<Box<dyn Future<Output = Result<Self, InstagramRejection>>>>;
        fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
            let token = InstagramToken::extract(request);
            Box::pin(async {
                drop(token.await);
                Ok(Self)
            })
        }
    }
    let well = service!(App::new().wrap(oauth()));
    let session = log_in(&well).await;
    let failing = InstagramOAuth::new(builder("").hooks(Failing).build().unwrap());
    let app = service!(
        App::new()
            .wrap(DefaultHeaders::new().add(("x-inside", "1")))
            .wrap(failing)
            .route("/token", web::get().to(user))
            .route("/maybe", web::get().to(async |_: MaybeInstagramToken| "handled"))
            .route("/option", web::get().to(async |_: Option<InstagramToken>| "handled"))
            .route(
                "/option-with",
                web::get().to(async |_: Option<InstagramTokenWith<Nothing>>| "handled")
            )
            .route(
                "/option-later",
                web::get().to(async |_: HttpRequest, _: Option<MaybeInstagramToken>| "handled")
            )
            .route("/result", web::get().to(async |_: Extracted| "handled"))
            .route(
                "/looked-at",
                web::get().to(async |token: Extracted| {
                    format!("handled {}", token.err().unwrap().status())
                })
            )
            .route(
                "/asked",
                web::get().to(async |request: HttpRequest| {
                    let token = InstagramToken::extract(&request).await.ok();
                    format!("handled {}", token.is_none())
                })
            )
            .route("/own-extractor", web::get().to(async |_: Own| "handled"))
            .route(
                "/either",
                web::get().to(async |either: Either<InstagramToken, String>| {
                    format!("handled {}", matches!(either, Either::Right(_)))
                })
            )
    );
    for path in ["/token", "/maybe"] {
        let request =
            TestRequest::get().uri(path).insert_header(("cookie", &*session)).to_request();
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let text = text(answer).await;
        assert!(text.contains("hook_failed") && !text.contains("handled"), "{path}: {text}");
    }
    for path in [
        "/option",
        "/option-with",
        "/option-later",
        "/result",
        "/looked-at",
        "/asked",
        "/own-extractor",
        "/either",
    ] {
        let request =
            TestRequest::get().uri(path).insert_header(("cookie", &*session)).to_request();
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers().get("x-inside").unwrap(), "1", "{path}");
        assert!(text(answer).await.contains("handled"), "{path}");
    }
    // An error that answers the request passes through the middlewares inside the crate's.
    let request =
        TestRequest::get().uri("/token").insert_header(("cookie", &*session)).to_request();
    let answer = call_service(&app, request).await;
    assert_eq!(answer.headers().get("x-inside").unwrap(), "1");
}

/// Fails, and says so before or after it was asked.
struct Failing {
    is_ready: bool,
}

impl Service<ServiceRequest> for Failing {
    type Response = ServiceResponse<String>;
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<ServiceResponse<String>, actix_web::Error>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        let unready = || Err(ErrorServiceUnavailable("overloaded"));
        Poll::Ready(if self.is_ready { Ok(()) } else { unready() })
    }

    fn call(&self, _: ServiceRequest) -> Self::Future {
        std::future::ready(Err(ErrorImATeapot("called")))
    }
}

/// The readiness or error of the inner service is passed on, with and without a session.
#[actix_web::test]
async fn an_inner_service_that_fails_is_not_hidden() {
    let well = service!(App::new().wrap(oauth()));
    let session = log_in(&well).await;
    for is_ready in [false, true] {
        let service = oauth().new_transform(Failing { is_ready }).await.unwrap();
        let ready = std::future::poll_fn(|cx| service.poll_ready(cx)).await;
        let refusal = ready.err().map(|error| error.to_string());
        assert_eq!(refusal.as_deref(), (!is_ready).then_some("overloaded"));
        for cookie in ["", &session] {
            let request = TestRequest::get().uri("/page").insert_header(("cookie", cookie));
            let answer = service.call(request.to_srv_request()).await;
            let error = answer.map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), "called");
        }
        let login = service.call(TestRequest::get().uri(LOGIN).to_srv_request()).await;
        assert_eq!(login.unwrap().status(), StatusCode::SEE_OTHER);
    }
}

/// Bodies of any type are unchanged, and the crate's bodies coexist with them.
#[actix_web::test]
async fn any_body_of_the_app_will_do() {
    struct Whole(Option<&'static str>);
    impl MessageBody for Whole {
        type Error = std::convert::Infallible;
        fn size(&self) -> BodySize {
            BodySize::Sized(self.0.map_or(0, |text| text.len() as u64))
        }
        fn poll_next(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
            Poll::Ready(self.0.take().map(|text| Ok(web::Bytes::from(text))))
        }
    }
    let app = service!(
        App::new()
            .route("/page", web::get().to(async || "page"))
            .wrap_fn(|request, service| {
                let answer = service.call(request);
                async { Ok(answer.await?.map_body(|_, _| Whole(Some("another body")))) }
            })
            .wrap(oauth())
    );
    let page = call_service(&app, get("/page")).await;
    assert_eq!(page.response().body().size(), BodySize::Sized(12));
    assert_eq!(text(page).await, "another body");
    let own = call_service(&app, get(CALLBACK)).await;
    assert_eq!(own.status(), StatusCode::BAD_REQUEST);
    let BodySize::Sized(size) = own.response().body().size() else { panic!("a known size") };
    let own = text(own).await;
    assert!(own.starts_with("<!doctype html>") && own.len() as u64 == size);
}

/// Own answers are `Ok`, so middlewares outside run; those inside see the app's requests only.
#[actix_web::test]
async fn middlewares_of_others_work_on_both_sides() {
    let marked = || DefaultHeaders::new().add(("x-outer", "1"));
    let page = || web::resource("/page").to(async || "page ".repeat(200));
    let outside =
        service!(App::new().service(page()).wrap(oauth()).wrap(marked()).wrap(Compress::default()));
    let inside =
        service!(App::new().service(page()).wrap(marked()).wrap(Compress::default()).wrap(oauth()));
    let login = call_service(&outside, get(LOGIN)).await;
    assert_eq!(login.headers().get("x-outer").unwrap(), "1");
    let login = call_service(&inside, get(LOGIN)).await;
    assert!(login.headers().get("x-outer").is_none());
    assert_eq!(login.status(), StatusCode::SEE_OTHER);
    let page = call_service(&inside, get("/page")).await;
    assert_eq!(read_body(page).await.len(), 1000);
}

/// The middleware keeps no clone of the request, and does not conflict with an app that borrows the
/// extensions: either would panic in actix's routing.
#[actix_web::test]
async fn requests_pass_whole_and_their_extensions_are_free() {
    async fn borrowing(request: HttpRequest, token: MaybeInstagramToken) -> String {
        assert!(request.instagram().is_some(), "the app's own code can ask too");
        let extensions = request.extensions_mut();
        format!("{} {}", token.is_some(), extensions.get::<String>().is_none())
    }
    let app = service!(App::new().wrap(oauth()).service(
        web::scope("/a/{id}").service(web::scope("/b").route("/{c}", web::get().to(borrowing)))
    ));
    let session = log_in(&app).await;
    for cookie in ["", &session] {
        let request =
            TestRequest::get().uri("/a/1/b/2").insert_header(("cookie", cookie)).to_request();
        let expected = format!("{} true", !cookie.is_empty());
        assert_eq!(text(call_service(&app, request).await).await, expected);
    }
}

/// actix asks the extractors of one handler in turn: what one borrows while it waits, the next one
/// cannot.
#[actix_web::test]
async fn nothing_is_borrowed_while_an_extraction_waits() {
    /// Not ready for the first few polls.
    async fn wait() {
        let mut times = 8;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            times -= 1;
            if times > 0 { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
    struct Slow;
    impl Hooks for Slow {
        async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
            wait().await;
            Ok(true)
        }
    }
    /// Borrows the extensions between waits.
    struct Borrower(usize);
    impl FromRequest for Borrower {
        type Error = actix_web::Error;
        type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;
        fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
            let request = request.clone();
            Box::pin(async move {
                std::future::poll_fn(|cx| {
                    let mut extensions = request.extensions_mut();
                    let times = extensions.get::<usize>().copied().unwrap_or_default() + 1;
                    extensions.insert(times);
                    cx.waker().wake_by_ref();
                    if times < 12 { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                let times = request.extensions().get().copied();
                Ok(Self(times.unwrap_or_default()))
            })
        }
    }
    async fn both(token: MaybeInstagramToken, borrower: Borrower) -> String {
        format!("{} {}", token.is_some(), borrower.0)
    }
    async fn other_way_round(borrower: Borrower, token: InstagramToken) -> String {
        format!("{} {}", token.user_id().as_str().len() > 1, borrower.0)
    }
    let slow = InstagramOAuth::new(builder("").hooks(Slow).build().unwrap());
    let app = service!(
        App::new()
            .wrap(slow)
            .route("/both", web::get().to(both))
            .route("/other-way-round", web::get().to(other_way_round))
    );
    let session = log_in(&app).await;
    for path in ["/both", "/other-way-round"] {
        let request =
            TestRequest::get().uri(path).insert_header(("cookie", &*session)).to_request();
        assert_eq!(text(call_service(&app, request).await).await, "true 12", "{path}");
    }
}

/// The app's own user, put into the extensions by a middleware outside the crate's.
#[actix_web::test]
async fn a_login_context_of_the_app_is_seen() {
    let app = service!(App::new().wrap(oauth()).wrap_fn(|request, service| {
        request.extensions_mut().insert(LoginContext::bound_to("anna"));
        service.call(request)
    }));
    let page = call_service(&app, get(LOGIN)).await;
    assert_eq!(page.status(), StatusCode::OK, "a bound attempt starts by POST");
    assert!(text(page).await.contains("method=\"post\""));
    let post = TestRequest::post().uri(LOGIN).to_request();
    assert_eq!(call_service(&app, post).await.status(), StatusCode::SEE_OTHER);
}

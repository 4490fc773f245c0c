//! What people do on the way to pages.

use crate::checks::Outcome;
use crate::facts::window;
use crate::stages::Stage;
use crate::visit::Visit;

/// "Allow" in the window. Many pages lie behind it: its own check clicks it as people do.
pub(super) const ALLOW: &str = "button[value=allow]";

/// Clicks what is there.
pub(super) async fn press(visit: &Visit<'_>, what: &str) -> Outcome {
    let script = format!(
        "(() => {{ const one = document.querySelector('{what}'); one?.click(); \
         return one !== null }})()"
    );
    let look = || async { Ok((visit.evaluate(&script).await? == true).then_some(())) };
    visit.until(&format!("to press {what}"), look).await
}

/// From nothing to the window.
pub(super) async fn to_the_window(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    if stage.linking {
        to_the_window_as(visit, stage, "ann&Lax").await?;
    } else {
        visit.open(&stage.app.login("")).await?;
        visit.sees(window::SIGN).await?;
    }
    Ok(())
}

/// A user of the app, whose cookie is of that kind, connects an account.
pub(super) async fn to_the_window_as(visit: &Visit<'_>, stage: &Stage, user: &str) -> Outcome {
    visit.open(&stage.app.url(&format!("/app-login?{user}"))).await?;
    posts(visit, &stage.app.login(""), FORM, &[]).await?;
    visit.sees(window::SIGN).await
}

/// The user allows, and something goes wrong after that.
pub(super) async fn allowed(
    visit: &Visit<'_>,
    stage: &Stage,
    goes_wrong: impl Fn(&Stage),
) -> Outcome {
    to_the_window(visit, stage).await?;
    goes_wrong(stage);
    press(visit, ALLOW).await
}

/// The user allows less than is needed.
pub(super) async fn allowed_less(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    to_the_window(visit, stage).await?;
    visit.choose("instagram_business_content_publish").await?;
    press(visit, ALLOW).await
}

pub(super) async fn cancelled(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    to_the_window(visit, stage).await?;
    press(visit, "button[value=cancel]").await
}

/// A callback that no login of this browser began, while another one is under way.
pub(super) async fn stale(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    to_the_window(visit, stage).await?;
    visit.open(&stage.app.url("/auth/instagram/callback?code=x&state=y")).await
}

pub(super) async fn logged_in(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    allowed(visit, stage, |_| ()).await?;
    visit.is_at(&stage.app.url("/")).await
}

/// A user opens an address of the app after something went wrong there.
pub(super) async fn as_a_user(
    visit: &Visit<'_>,
    stage: &Stage,
    goes_wrong: impl Fn(&Stage),
    path: &str,
) -> Outcome {
    logged_in(visit, stage).await?;
    goes_wrong(stage);
    visit.open(&stage.app.url(path)).await
}

/// A user logs out after something went wrong.
pub(super) async fn logging_out(
    visit: &Visit<'_>,
    stage: &Stage,
    goes_wrong: impl Fn(&Stage),
) -> Outcome {
    logged_in(visit, stage).await?;
    goes_wrong(stage);
    posts(visit, &stage.app.url("/auth/instagram/logout"), FORM, &[]).await
}

/// The type of a usual form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A form of the page that is shown is sent.
pub(super) async fn posts(
    visit: &Visit<'_>,
    to: &str,
    kind: &str,
    fields: &[(&str, &str)],
) -> Outcome {
    let fields = serde_json::json!(fields);
    let script = format!(
        "(() => {{ const form = document.createElement('form'); form.method = 'post'; \
         form.action = '{to}'; form.enctype = '{kind}'; for (const [name, value] of {fields}) {{ \
         const field = document.createElement('textarea'); field.name = name; field.value = value; \
         form.append(field) }} document.body.append(form); form.submit() }})()"
    );
    visit.evaluate(&script).await?;
    Ok(())
}

/// A form of a page of the app.
pub(super) async fn own_form(
    visit: &Visit<'_>,
    stage: &Stage,
    path: &str,
    kind: &str,
    fields: &[(&str, &str)],
) -> Outcome {
    visit.open(&stage.app.url("/plain")).await?;
    posts(visit, &stage.app.url(path), kind, fields).await
}

/// A form of a page of another site.
pub(super) async fn foreign_form(visit: &Visit<'_>, stage: &Stage, path: &str) -> Outcome {
    // On `localhost`, where the app is on `127.0.0.1`.
    visit.open(&stage.app.provider.authorize_url()).await?;
    posts(visit, &stage.app.url(path), FORM, &[]).await
}

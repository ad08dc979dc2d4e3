//! New accounts: someone is invited by a link that is shown once, and makes the account with a password of their own.

use leptos::prelude::*;

use crate::{
    api::{
        ApiError,
        invites::{Invite, InviteRow, Invited, Invites, RevokeInvite, list_invites},
    },
    domain::role::Role,
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, Outcome, on_success},
        components::{
            alert::{Alert, DoneSlot, Tone},
            field::TextField,
            icons::arrow_left,
            page_title::PageTitle,
            states::Empty,
            step_up_dialog::StepUpDialog,
            time_text::{DateTimeText, TimeText},
        },
        fetch::{Loaded, use_private},
        locale::use_locale,
        paths,
        step_up::{use_proved_act, use_step_up},
        texts, times,
    },
};

#[component]
pub fn AdminInvites() -> impl IntoView {
    let l = use_locale();
    let outcome = Outcome::default();
    let question = use_step_up(outcome);
    let (give, revoke) = (use_proved_act::<Invite>(question), use_proved_act::<RevokeInvite>(question));
    let invites = use_private(|| (), |()| list_invites());
    on_success(give, move |_| invites.refetch());
    on_success(revoke, move |_| invites.refetch());
    let outcome = outcome.follow(revoke, move |revoked| {
        if revoked.changed { text!(l, invites.revoked) } else { text!(l, invites.revoked_before) }.to_owned()
    });
    let refused = Signal::derive(move || {
        let of_form = give.value().get().and_then(Result::err);
        of_form.or_else(|| outcome.error.get()).map(|error| refusal(l, &error))
    });
    view! {
        <PageTitle text=text!(l, invites.title) />
        <div class="page page--wide">
            <p class="page__back">
                <a href=paths::USERS>{arrow_left()} {text!(l, user.back)}</a>
            </p>
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, invites.title)}</h1>
                <p class="page__lead">{text!(l, invites.lead)}</p>
            </header>
            <div class="slot" role="alert">
                {move || refused.get().map(|text| view! { <Alert tone=Tone::Bad text /> })}
            </div>
            <DoneSlot text=outcome.done />
            <StepUpDialog question page=Signal::stored(paths::INVITES.to_owned()) />
            <Given give />
            <Loaded resource=invites show=move |invites| view! { <Desk invites give revoke /> } />
        </div>
    }
}

fn refusal(l: Locale, error: &ApiError) -> String {
    match error {
        ApiError::Conflict { .. } => text!(l, invites.taken).to_owned(),
        ApiError::Invalid { field, reason } if field == "email" && reason == "needed" => {
            text!(l, invites.needs_email).to_owned()
        }
        other => texts::error(l, other).into_owned(),
    }
}

/// The link that was just made. Nobody can show it again.
#[component]
fn Given(give: Act<Invite>) -> impl IntoView {
    let given = Memo::new(move |_| give.value().get().and_then(Result::ok));
    view! {
        <div class="slot" role="status">
            {move || given.get().map(|invited| view! { <Link invited /> })}
        </div>
    }
}

/// A link that is shown this once, and to whom it goes.
#[component]
fn Link(invited: Invited) -> impl IntoView {
    let l = use_locale();
    let Invited { link, email, expires_at, .. } = invited;
    let who = email.unwrap_or_else(|| text!(l, invites.whoever).to_owned());
    let at = times::date_time(l, expires_at);
    view! {
        <div class="alert alert--done given">
            <label class="field__label" for="link">
                {text!(l, invites.given)}
            </label>
            <input class="input" id="link" type="text" readonly value=link aria-describedby="link-hint" />
            <p class="field__hint" id="link-hint">
                {text!(l, invites.given_text, who, at)}
            </p>
        </div>
    }
}

#[component]
fn Desk(invites: Invites, give: Act<Invite>, revoke: Act<RevokeInvite>) -> impl IntoView {
    let l = use_locale();
    let Invites { items, manageable, given, server_now } = invites;
    view! {
        {given.map(|invited| view! { <Link invited /> })}
        {manageable.then(|| view! { <GiveForm give /> })}
        <section class="section" aria-labelledby="open-title">
            <h2 class="section__title" id="open-title">
                {text!(l, invites.open)}
            </h2>
            {if items.is_empty() {
                view! { <Empty title=text!(l, invites.none) text=text!(l, invites.none_text) /> }.into_any()
            } else {
                let revoke = manageable.then_some(revoke);
                view! { <Open items now=server_now revoke /> }.into_any()
            }}
        </section>
    }
}

#[component]
fn GiveForm(give: Act<Invite>) -> impl IntoView {
    let l = use_locale();
    view! {
        <ActForm act=give page=paths::INVITES class="form">
            <TextField
                name="email"
                label=text!(l, field.email)
                kind="email"
                autocomplete="off"
                hint=text!(l, invites.email_hint)
                required=false
            />
            <TextField
                name="display_name"
                label=text!(l, field.name)
                autocomplete="off"
                hint=text!(l, invites.name_hint)
                required=false
            />
            <div class="field">
                <label class="field__label" for="role">
                    {text!(l, invites.role)}
                </label>
                <select class="input" id="role" name="role" aria-describedby="role-hint">
                    {Role::ALL
                        .map(|role| view! { <option value=role.as_str()>{texts::role(l, role)}</option> })
                        .collect_view()}
                </select>
                <p class="field__hint" id="role-hint">
                    {text!(l, invites.role_hint)}
                </p>
            </div>
            <button class="button button--primary" type="submit" disabled=move || give.pending().get()>
                {text!(l, invites.submit)}
            </button>
        </ActForm>
    }
}

#[component]
fn Open(items: Vec<InviteRow>, now: i64, revoke: Option<Act<RevokeInvite>>) -> impl IntoView {
    let l = use_locale();
    view! {
        <table class="table">
            <caption class="visually-hidden">{text!(l, invites.open_caption)}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, invites.whose)}</th>
                    <th scope="col">{text!(l, invites.role)}</th>
                    <th scope="col">{text!(l, invites.by)}</th>
                    <th scope="col">{text!(l, users.created)}</th>
                    <th scope="col">{text!(l, invites.expires)}</th>
                    <th scope="col">
                        <span class="visually-hidden">{text!(l, invites.revoke)}</span>
                    </th>
                </tr>
            </thead>
            <tbody>{items.into_iter().map(|row| view! { <Row row now revoke /> }).collect_view()}</tbody>
        </table>
    }
}

#[component]
fn Row(row: InviteRow, now: i64, revoke: Option<Act<RevokeInvite>>) -> impl IntoView {
    let l = use_locale();
    let who = row.email.clone().unwrap_or_else(|| text!(l, invites.anyone).to_owned());
    let by = match (row.by_operator, row.by) {
        (true, _) => text!(l, invites.operator).to_owned(),
        (false, Some(email)) => email,
        (false, None) => text!(l, invites.gone).to_owned(),
    };
    let label = text!(l, invites.revoke_of, who = who.clone());
    view! {
        <tr>
            <th scope="row">
                <span class="person">
                    <span class="person__name">{who}</span>
                    <span class="person__email">{row.display_name}</span>
                </span>
            </th>
            <td data-label=text!(l, invites.role)>
                <span>
                    {texts::role(l, row.role)}
                    {(!row.counts)
                        .then(|| view! { " " <span class="badge badge--warn">{text!(l, invites.void)}</span> })}
                </span>
            </td>
            <td data-label=text!(l, invites.by)>{by}</td>
            <td data-label=text!(l, users.created)>
                <TimeText at=row.created_at now />
            </td>
            <td data-label=text!(l, invites.expires)>
                <DateTimeText at=row.expires_at />
            </td>
            <td>
                {revoke
                    .map(|act| {
                        view! {
                            <ActForm act page=paths::INVITES>
                                <input type="hidden" name="invite_id" value=row.invite_id />
                                <button
                                    class="button button--danger-quiet"
                                    type="submit"
                                    aria-label=label
                                    disabled=move || act.pending().get()
                                >
                                    {text!(l, invites.revoke)}
                                </button>
                            </ActForm>
                        }
                    })}
            </td>
        </tr>
    }
}

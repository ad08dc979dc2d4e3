//! The start: what this is, for those who come by; the own pass and the ways on, for those who are in.

use leptos::prelude::*;

use crate::{
    api::{
        ApiResult,
        devices::{Devices, list_devices},
        session::{CurrentSession, CurrentUser},
    },
    domain::{
        device_label::{DeviceForm, DeviceLabel},
        program::Program,
        role::Action,
        session::EndReason,
    },
    i18n::{Locale, td_string as text},
    platform::COMPILED,
    ui::{
        auth_state::use_auth_state,
        components::{
            icons::{DeviceIcon, arrow_right},
            kept_text::keeps_sessions,
            page_title::PageTitle,
            pass::{LifeRule, Pass, PassFacts},
            sign_in_again::AfterEnd,
            states::Loading,
        },
        fetch::{Loaded, use_private},
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn Home() -> impl IntoView {
    let auth = use_auth_state();
    view! {
        <PageTitle text=text!(use_locale(), home.title) />
        <Transition fallback=Loading>
            {
                let visitor = Memo::new(move |_| match auth.ended().get() {
                    Some(reason) => Some(Visitor::Ended(reason)),
                    None => auth.session().get().map(Visitor::of),
                });
                move || {
                    visitor
                        .get()
                        .map(|visitor| match visitor {
                            Visitor::PassingBy => view! { <Hero /> }.into_any(),
                            _ if !COMPILED.has(Program::Person) => view! { <Loading /> }.into_any(),
                            Visitor::Ended(reason) => view! { <AfterEnd reason /> }.into_any(),
                            Visitor::SignedIn { user, kept } => view! { <Welcome user kept /> }.into_any(),
                        })
                }
            }
        </Transition>
    }
}

/// Who looks at it. Compared before anything is drawn again.
#[derive(Clone, PartialEq)]
enum Visitor {
    PassingBy,
    SignedIn {
        user: CurrentUser,
        /// Whether the strategy keeps account of the session.
        kept: bool,
    },
    /// The session of this page has ended.
    Ended(EndReason),
}

impl Visitor {
    fn of(session: ApiResult<CurrentSession>) -> Self {
        match session {
            Ok(session) => Self::SignedIn { kept: keeps_sessions(&session), user: session.user },
            Err(_) => Self::PassingBy,
        }
    }
}

#[component]
fn Hero() -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="hero">
            <div class="hero__words">
                <h1 class="hero__title" tabindex="-1">
                    {text!(l, home.hero)}
                </h1>
                <p class="hero__lead">{text!(l, home.lead)}</p>
                <p class="hero__actions">
                    <a class="button button--primary button--large" href=paths::LOGIN>
                        {text!(l, nav.sign_in)}
                    </a>
                    <a class="button button--quiet button--large" href=paths::REGISTER>
                        {text!(l, nav.register)}
                    </a>
                </p>
            </div>
            <Samples />
        </section>
        <section class="pillars">
            <Pillar title=text!(l, home.pass_title) text=text!(l, home.pass_text) />
            <Pillar title=text!(l, home.ledger_title) text=text!(l, home.ledger_text) />
            <Pillar title=text!(l, home.watch_title) text=text!(l, home.watch_text) />
        </section>
    }
}

#[component]
fn Pillar(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <div class="pillar">
            <h2 class="pillar__title">{title}</h2>
            <p>{text}</p>
        </div>
    }
}

/// Three passes as a picture: two that live, one that is struck. Nothing in it is anyone's.
#[component]
fn Samples() -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="samples" aria-hidden="true">
            <Sample form=DeviceForm::Desktop name=device(l, "Firefox", "Linux") note=text!(l, home.sample_now) percent=92 />
            <Sample form=DeviceForm::Phone name=device(l, "Safari", "iOS") note="203.0.113.7" percent=41 />
            <div class="pass pass--struck">
                <div class="pass__stub">
                    <DeviceIcon form=DeviceForm::Tablet />
                </div>
                <div class="pass__body">
                    <p class="pass__name">
                        <s class="struck">{device(l, "Chrome", "Android")}</s>
                    </p>
                    <p class="pass__end">{text!(l, home.sample_struck)}</p>
                </div>
                <span class="stamp stamp--large">{text!(l, ended.stamp)}</span>
            </div>
        </div>
    }
}

#[component]
fn Sample(form: DeviceForm, name: String, note: &'static str, percent: u8) -> impl IntoView {
    view! {
        <div class="pass">
            <div class="pass__stub">
                <DeviceIcon form />
            </div>
            <div class="pass__body">
                <p class="pass__name">{name}</p>
                <p class="pass__end">{note}</p>
            </div>
            <LifeRule percent />
        </div>
    }
}

fn device(l: Locale, browser: &str, system: &str) -> String {
    let label = DeviceLabel { browser: Some(browser.into()), system: Some(system.into()), form: DeviceForm::Other };
    texts::device(l, &label)
}

#[component]
fn Welcome(user: CurrentUser, kept: bool) -> impl IntoView {
    let l = use_locale();
    let devices = use_private(|| (), |()| list_devices(String::new()));
    let admin = user.role.may(Action::ViewUsers);
    let (devices_text, security_text) = if kept {
        (text!(l, home.devices_text), text!(l, home.security_text))
    } else {
        (text!(l, home.devices_text_unkept), text!(l, home.security_text_unkept))
    };
    view! {
        <div class="page page--home">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, home.welcome, name = user.display_name)}</h1>
            </header>
            <section class="section" aria-labelledby="pass-title">
                <h2 class="section__title" id="pass-title">
                    {text!(l, home.your_pass)}
                </h2>
                <Loaded resource=devices show=|devices| view! { <OwnPass devices /> } />
            </section>
            <nav class="section" aria-labelledby="ways-title">
                <h2 class="section__title" id="ways-title">
                    {text!(l, home.go_on)}
                </h2>
                <ul class="ways">
                    <Way href=paths::DEVICES name=text!(l, nav.devices) text=devices_text />
                    <Way href=paths::SECURITY name=text!(l, nav.security) text=security_text />
                    <Way href=paths::ACCOUNT name=text!(l, nav.account) text=text!(l, home.account_text) />
                    {admin
                        .then(|| {
                            view! {
                                <Way href=paths::USERS name=text!(l, nav.users) text=text!(l, home.users_text) />
                                <Way href=paths::AUDIT name=text!(l, nav.audit) text=text!(l, home.audit_text) />
                            }
                        })}
                </ul>
            </nav>
        </div>
    }
}

#[component]
fn OwnPass(devices: Devices) -> impl IntoView {
    let l = use_locale();
    let own = devices.devices.iter().find(|device| device.current);
    let more = devices.total.saturating_sub(u64::from(own.is_some()));
    let more = match more {
        _ if !devices.kept => text!(l, home.unkept_pass).to_owned(),
        0 => text!(l, home.only_pass).to_owned(),
        1 => text!(l, home.more_pass).to_owned(),
        count => text!(l, home.more_passes, count),
    };
    view! {
        {own.map(|device| view! { <Pass facts=PassFacts::of_device(device, devices.server_now) /> })}
        <p class="section__note">{more}</p>
    }
}

#[component]
fn Way(href: &'static str, name: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <li>
            <a class="way" href=href>
                <span class="way__name">{name}</span>
                <span class="way__text">{text}</span>
                {arrow_right()}
            </a>
        </li>
    }
}

//! The application: what every page stands in, and the route table.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Redirect, Route, Router, Routes},
    hooks::use_location,
    path,
};
use wasm_bindgen::JsCast;

use crate::{
    client::{
        dom::{focus_heading, mark_hydrated, reload},
        guest,
        listeners::keep,
    },
    domain::program::Program,
    i18n::td_string as text,
    platform::program,
    ui::{
        act::provide_form_result,
        auth_state::{provide_auth_state, use_auth_state},
        components::{
            footer::Footer, header::Header, page_title::TitleFrame, session_guard::SessionGuard,
            wrong_address::provide_public_address,
        },
        guards::{AdminArea, SettingsArea},
        locale::{LocaleProvider, use_locale},
        pages::{
            account::Account, admin_audit::AdminAudit, admin_invites::AdminInvites, admin_overview::AdminOverview,
            admin_several::AdminSeveral, admin_user::AdminUser, admin_users::AdminUsers, admin_webhook::AdminWebhook,
            admin_webhooks::AdminWebhooks, choose::ChoosePage, devices::DevicesPage, home::Home, log_out::LogOut,
            new_password::NewPasswordPage, not_found::NotFound, register::RegisterPage, security::Security,
            sign_in::SignIn,
        },
        password_length::provide_password_min_length,
        paths,
        program::{desk, everywhere, settings},
    },
};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <LocaleProvider>
                <Frame />
            </LocaleProvider>
        </Router>
    }
}

#[component]
fn Frame() -> impl IntoView {
    let l = use_locale();
    provide_auth_state();
    provide_password_min_length();
    provide_form_result();
    provide_public_address();
    finish_hydration();
    follow_pages();
    view! {
        <TitleFrame site=text!(l, brand.name) />
        <a class="skip-link" href="#content">
            {text!(l, nav.skip)}
        </a>
        <Header />
        <main class="main" id="content">
            <Pages />
        </main>
        <Footer />
        {if program().has(Program::Person) {
            view! { <SessionGuard /> }.into_any()
        } else {
            await_sign_in();
            ().into_any()
        }}
    }
}

/// Every page. All are rendered whole before they are sent, so that they work without scripts and nothing moves later.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=NotFound>
            <Route path=path!("/") view=everywhere(|| Home().into_any()) ssr=SsrMode::Async />
            <Route path=path!("/login") view=everywhere(|| SignIn().into_any()) ssr=SsrMode::Async />
            <Route path=path!("/login/choose") view=settings(|| ChoosePage().into_any()) ssr=SsrMode::Async />
            <Route path=path!("/login/password") view=settings(|| NewPasswordPage().into_any()) ssr=SsrMode::Async />
            <Route path=path!("/logout") view=everywhere(|| LogOut().into_any()) ssr=SsrMode::Async />
            <Route path=path!("/register") view=everywhere(|| RegisterPage().into_any()) ssr=SsrMode::Async />
            <ParentRoute path=path!("/settings") view=settings(|| SettingsArea().into_any()) ssr=SsrMode::Async>
                <Route path=path!("") view=settings(|| ToDevices().into_any()) ssr=SsrMode::Async />
                <Route path=path!("devices") view=settings(|| DevicesPage().into_any()) ssr=SsrMode::Async />
                <Route path=path!("security") view=settings(|| Security().into_any()) ssr=SsrMode::Async />
                <Route path=path!("account") view=settings(|| Account().into_any()) ssr=SsrMode::Async />
            </ParentRoute>
            <ParentRoute path=path!("/admin") view=desk(|| AdminArea().into_any()) ssr=SsrMode::Async>
                <Route path=path!("") view=desk(|| AdminOverview().into_any()) ssr=SsrMode::Async />
                <Route path=path!("users") view=desk(|| AdminUsers().into_any()) ssr=SsrMode::Async />
                <Route path=path!("users/several") view=desk(|| AdminSeveral().into_any()) ssr=SsrMode::Async />
                <Route path=path!("users/new") view=desk(|| AdminInvites().into_any()) ssr=SsrMode::Async />
                <Route path=path!("users/:id") view=desk(|| AdminUser().into_any()) ssr=SsrMode::Async />
                <Route path=path!("audit") view=desk(|| AdminAudit().into_any()) ssr=SsrMode::Async />
                <Route path=path!("webhooks") view=desk(|| AdminWebhooks().into_any()) ssr=SsrMode::Async />
                <Route path=path!("webhooks/:id") view=desk(|| AdminWebhook().into_any()) ssr=SsrMode::Async />
            </ParentRoute>
        </Routes>
    }
}

#[component]
fn ToDevices() -> impl IntoView {
    view! { <Redirect path=paths::DEVICES /> }
}

fn finish_hydration() {
    Effect::new(|_| {
        mark_hydrated();
        // What the server sent along to hydrate with has been read; it tells about a person, and must not outlast them.
        while let Ok(Some(payload)) = document().query_selector("body script:not([src])") {
            payload.remove();
        }
        if let Ok(Ok(read)) = Reflect::get(&window(), &"__RESOLVED_RESOURCES".into()).map(JsCast::dyn_into::<Array>) {
            read.set_length(0);
        }
    });
}

/// A page of nobody is loaded anew once there is somebody.
fn await_sign_in() {
    let auth = use_auth_state();
    Effect::new(move |_| keep(guest::watch(move || auth.reload())));
    Effect::new(move |_| {
        if let Some(Ok(_)) = auth.session().get() {
            reload();
        }
    });
}

/// After a change of page without a load, the focus goes to the new page's heading, as a load would start at its top.
fn follow_pages() {
    let path = use_location().pathname;
    Effect::new(move |earlier: Option<String>| {
        let path = path.get();
        if earlier.is_some_and(|earlier| earlier != path) {
            request_animation_frame(focus_heading);
        }
        path
    });
}

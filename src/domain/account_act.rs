//! What an admin may do to an account, and what would leave nobody to undo it.

use super::role::Role;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAct {
    SetRole(Role),
    /// Sign-in is refused, and all sessions end.
    Lock,
    /// Sign-in is possible again; no session comes back.
    Unlock,
    /// All sessions end, and the next sign-in asks for another password first.
    RequirePassword,
    /// The account goes with all that belongs to it.
    Delete,
}

/// The account as it is.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub role: Role,
    pub locked: bool,
    /// Another password is asked for already.
    pub password_due: bool,
    /// Of the one who acts.
    pub own: bool,
    /// How many accounts are an admin's and not locked, this one included.
    pub admins: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Go,
    /// It is so already; nothing is to be done, nor written down.
    AlreadySo,
    /// Nobody shuts themselves out by a slip of the hand.
    Oneself,
    /// Nobody would be left to manage accounts.
    LastAdmin,
}

impl AccountAct {
    #[must_use]
    pub fn judge(self, account: Account) -> Verdict {
        let already_so = match self {
            Self::SetRole(role) => account.role == role,
            Self::Lock => account.locked,
            Self::Unlock => !account.locked,
            Self::RequirePassword => account.password_due,
            Self::Delete => false,
        };
        let shuts_out = matches!(self, Self::Lock | Self::Delete);
        let takes_an_admin = shuts_out || matches!(self, Self::SetRole(_));
        if already_so {
            Verdict::AlreadySo
        } else if takes_an_admin && account.role == Role::Admin && !account.locked && account.admins <= 1 {
            Verdict::LastAdmin
        } else if shuts_out && account.own {
            Verdict::Oneself
        } else {
            Verdict::Go
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMIN: Account = Account { role: Role::Admin, locked: false, password_due: false, own: false, admins: 2 };

    #[test]
    fn the_last_admin_who_is_not_locked_stays_one() {
        let last = Account { admins: 1, ..ADMIN };
        for act in [AccountAct::SetRole(Role::User), AccountAct::Lock, AccountAct::Delete] {
            assert_eq!(act.judge(ADMIN), Verdict::Go);
            assert_eq!(act.judge(last), Verdict::LastAdmin);
            assert_eq!(
                act.judge(Account { role: Role::User, ..last }),
                act.judge(Account { role: Role::User, ..ADMIN })
            );
        }
        let locked = Account { locked: true, ..last };
        assert_eq!(AccountAct::Delete.judge(locked), Verdict::Go, "one who can't sign in is none");
        assert_eq!(AccountAct::SetRole(Role::User).judge(locked), Verdict::Go);
    }

    #[test]
    fn nobody_shuts_themselves_out_but_anyone_may_step_down() {
        let own = Account { own: true, ..ADMIN };
        assert_eq!(AccountAct::Lock.judge(own), Verdict::Oneself);
        assert_eq!(AccountAct::Delete.judge(own), Verdict::Oneself);
        assert_eq!(AccountAct::SetRole(Role::Support).judge(own), Verdict::Go);
        assert_eq!(AccountAct::RequirePassword.judge(Account { admins: 1, ..own }), Verdict::Go, "they can sign in");
    }

    #[test]
    fn what_is_so_already_is_not_done_again() {
        let locked = Account { locked: true, ..ADMIN };
        for (act, account) in [
            (AccountAct::SetRole(Role::Admin), ADMIN),
            (AccountAct::Lock, locked),
            (AccountAct::Unlock, ADMIN),
            (AccountAct::RequirePassword, Account { password_due: true, ..ADMIN }),
        ] {
            assert_eq!(act.judge(account), Verdict::AlreadySo);
        }
        assert_eq!(AccountAct::Unlock.judge(locked), Verdict::Go);
    }
}

//! Why nobody was logged in, and whose turn it is.
//!
//! Invariant: a reason is fixed text. Nothing that a provider or a browser sent goes into it, so that
//! it can stand in a log, and no answer repeats what was sent.

/// Why a login with a provider came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What happened, as far as it is told.
    pub why: Why,
    /// What exactly, for the log.
    pub reason: &'static str,
}

/// What happened, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The answer lacks a parameter, or has one twice.
    Malformed,
    /// No login is under way that this answer belongs to in this browser: it is too old, was answered
    /// before, or began elsewhere.
    NotUnderWay,
    /// Somebody other than the provider that was asked has answered (RFC 9700 §4.4).
    WrongProvider,
    /// The person, or the provider on their behalf, said no.
    Denied,
    /// The provider says who it is, and this site doesn't let them in.
    NotAdmitted,
    /// The provider can't be reached, or says that it can't answer now.
    Unavailable,
    /// The provider's answer can't be believed.
    Faulty,
    /// The provider refuses this site, not the person.
    ClientRefused,
}

/// Who has to do something for the next try to go better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The person in front of the browser.
    Visitor,
    /// Whoever runs the provider.
    Provider,
    /// Whoever runs this site.
    Operator,
}

impl Refusal {
    /// A refusal of this kind, for this reason.
    pub const fn new(why: Why, reason: &'static str) -> Self {
        Self { why, reason }
    }
}

impl Why {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "login_answer_malformed",
            Self::NotUnderWay => "login_not_under_way",
            Self::WrongProvider => "login_answer_of_another",
            Self::Denied => "login_denied",
            Self::NotAdmitted => "login_not_admitted",
            Self::Unavailable => "provider_unavailable",
            Self::Faulty => "provider_faulty",
            Self::ClientRefused => "client_refused",
        }
    }

    /// Whose turn it is.
    pub const fn turn(self) -> Turn {
        match self {
            Self::Malformed | Self::NotUnderWay | Self::WrongProvider | Self::Denied => {
                Turn::Visitor
            }
            Self::Unavailable | Self::Faulty => Turn::Provider,
            Self::NotAdmitted | Self::ClientRefused => Turn::Operator,
        }
    }
}

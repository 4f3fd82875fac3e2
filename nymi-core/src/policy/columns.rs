//! The one table of the group policy: field, column, words on the page, default and rule.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::value::{Destination, FalseAcceptRate, Permissions, Rule, Stored, Value};
use crate::presence::PacParameterValues;

/// How a change of a column reaches bands that are enrolled already (guide 000, 4.2.5.2 to 4.2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The servers and terminals follow at once; bands are not concerned.
    Server,
    /// The user logs in to the Band Application with the authenticated band.
    LogIn,
    /// Switching it on is a matter of a log-in; switching it off leaves enrolled bands as they are.
    LogInToAdd,
    /// Switching it on is a matter of a log-in, switching it off one of enrolling again.
    LogInOrReEnroll,
    /// The user enrolls the band again.
    ReEnroll,
}

/// A column of adm.ApplicationSettings that belongs to the policy itself.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The column's name.
    pub name: &'static str,
    /// The words on the policy's page; empty where the page does not show it.
    pub title: &'static str,
    /// What its value must be.
    pub rule: Rule,
    /// Whether it becomes a setting of the band, which only the enrollment NES manages.
    pub is_band_setting: bool,
    /// How a change reaches bands that are enrolled already.
    pub reach: Reach,
    pub(super) get: fn(&GroupPolicyValues) -> Value,
    pub(super) set: fn(&mut GroupPolicyValues, &Value) -> bool,
}

macro_rules! group_policy {
    (
        columns { $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,
            $name:literal, $title:literal, $rule:expr, $scope:ident, $reach:ident;)* }
        pac { $($pac:ident, $pac_name:literal, $pac_reach:ident;)* }
        legacy { $($legacy_name:literal = $legacy:expr;)* }
    ) => {
        /// The values of a group policy, as a person enters them; [`GroupPolicy`] holds those that
        /// are right.
        ///
        /// [`GroupPolicy`]: super::GroupPolicy
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct GroupPolicyValues {
            $($(#[$doc])* pub $field: $type,)*
            /// The bounds of presence verification.
            pub pac: PacParameterValues,
        }

        impl Default for GroupPolicyValues {
            fn default() -> Self {
                Self { $($field: $default,)* pac: PacParameterValues::default() }
            }
        }

        /// Every column, in the order of the guide's table.
        pub static COLUMNS: &[Column] = &[
            $(Column {
                name: $name,
                title: $title,
                rule: $rule,
                is_band_setting: group_policy!(@$scope),
                reach: Reach::$reach,
                get: |values| values.$field.store(),
                set: |values, value| match <$type>::load(value) {
                    Some(loaded) => {
                        values.$field = loaded;
                        true
                    }
                    None => false,
                },
            },)*
            $(Column {
                name: $pac_name,
                title: "",
                rule: Rule::Pac,
                is_band_setting: false,
                reach: Reach::$pac_reach,
                get: |values| values.pac.$pac.store(),
                set: |values, value| match i64::load(value) {
                    Some(loaded) => {
                        values.pac.$pac = loaded;
                        true
                    }
                    None => false,
                },
            },)*
            $(Column {
                name: $legacy_name,
                title: "",
                rule: Rule::Legacy,
                is_band_setting: false,
                reach: Reach::Server,
                get: |_| $legacy,
                set: |_, value| *value == $legacy,
            },)*
        ];
    };
    (@server) => { false };
    (@band) => { true };
}

/// The values that the page offers for the automatic log-out, in seconds (lku.AutoLogoutTimeout).
pub const AUTO_LOGOUT_SECONDS: &[i64] = &[60, 120, 300, 600, 900, 1800, 3600];

group_policy! {
    columns {
        /// The policy's name.
        description: String = "Default Settings Set".to_owned(),
            "Description", "Policy Name", Rule::Text(256), server, Server;
        /// Seconds without activity after which the Band Application logs the user out.
        auto_logout_timeout_seconds: u32 = 300,
            "AutoLogoutTimeoutSeconds", "Auto Logout Timer", Rule::OneOf(AUTO_LOGOUT_SECONDS), server, Server;
        /// What users may do at this NES.
        permissions: Permissions = Permissions::EnrollmentAndRegistration,
            "EnrollmentPermissions", "Enrollment / Registration Permissions",
            Rule::OneOf(Permissions::CODES), server, Server;
        /// Where an enrollment is recorded.
        enrollment_destination: Destination = Destination::NesOnly,
            "EnrollmentDestination", "Enrollment / Registration Destination",
            Rule::OneOf(Destination::CODES), server, LogInToAdd;
        /// Users may enroll their band again without an administrator.
        allow_re_enrollment: bool = false,
            "AllowReEnrollment", "Allow a user to re-enroll / re-register their Nymi Band",
            Rule::Flag, server, Server;
        /// Users may enroll any active band, except a Seos band of another user. Needs
        /// `allow_re_enrollment`.
        allow_re_enrollment_of_any: bool = false,
            "AllowReenrollementOfActiveNymiBand",
            "Allow a user to re-enroll / re-register any active Nymi Band", Rule::Flag, server, Server;
        /// The band can be authenticated with the password, in the Band Application.
        corporate_credentials: bool = false,
            "PassworthAuthOption", "Corporate Credentials Authentication", Rule::Flag, server, LogIn;
        /// Band 3 also checks for an ECG signal.
        liveness_detection: bool = false,
            "LivenessDetectionEnabled", "Liveness Detection", Rule::Flag, band, LogIn;
        /// The false accept rate of the fingerprint.
        far: FalseAcceptRate = FalseAcceptRate::OneIn20000,
            "FAR", "", Rule::OneOf(FalseAcceptRate::CODES), band, LogIn;
        /// The band shows a label.
        band_label: bool = false,
            "BandLabelOnBandEnabled", "Display Band Label on Nymi Bands", Rule::Flag, band, LogInOrReEnroll;
        /// Users may choose the label. Needs `band_label`.
        band_label_customization: bool = false,
            "BandLabelOnBandCustomizationEnabled", "Allow Band Label Customization", Rule::Flag, band, ReEnroll;
        /// Applications may ask for the directory status of a user.
        check_user_status: bool = false,
            "AdCheckUserStatus", "Check User Status", Rule::Flag, server, Server;
        /// The directory's answer is kept for a while.
        cache_user_status: bool = true,
            "AdCacheUserStatus", "Cache User Status", Rule::Flag, server, Server;
        /// For how many seconds; there exactly if `cache_user_status` is set.
        cache_expiry_seconds: Option<u32> = Some(900),
            "AdCacheExpiryTimeSeconds", "Cache Expiry", Rule::RangeOrNull(1, 86_400), server, Server;
        /// Bands lock and unlock terminals.
        lock_control: bool = false,
            "LockControlSupportOption", "Enable Nymi Lock Control", Rule::Flag, server, LogIn;
        /// The terminal locks when the band goes.
        lock_when_away: bool = true,
            "LockWhenAway", "Lock When Away", Rule::Flag, server, Server;
        /// The terminal unlocks only for a band that is close.
        unlock_when_present: bool = true,
            "UnlockWhenPresent", "Unlock When Present", Rule::Flag, server, Server;
        /// The terminal stays unlocked while the band is there, whatever its screen saver says.
        keep_unlocked_when_present: bool = true,
            "KeepUnlockedWhenPresent", "Keep Unlocked when Present", Rule::Flag, server, Server;
        /// How far a band must be for the lock.
        lock_proximity: u32 = 3,
            "LockProximitySphera", "", Rule::Range(0, 10), server, Server;
        /// How near a band must be for the unlock.
        unlock_proximity: u32 = 2,
            "UnlockProximitySphera", "", Rule::Range(0, 10), server, Server;
        /// Where the countdown to the lock starts, in seconds.
        proximity_lock_countdown_seconds: u32 = 10,
            "ProximityLockCountdown", "", Rule::Range(0, 300), server, Server;
        /// Bands vibrate.
        haptic_feedback: bool = true,
            "HapticFeedbackOnBandEnabled", "Haptic Feedback on Nymi Bands", Rule::Flag, band, LogIn;
    }

    pac {
        t_interval, "TInterval", LogIn;
        dm_nba_nes_time, "DmNBANESTime", Server;
        dv_nba_nes_time, "DvNBANESTime", Server;
        dm_nba_nb_time, "DmNBANBTime", Server;
        dv_nba_nb_time, "DvNBANBTime", Server;
        dm_clock_drift, "DmClockDrift", Server;
        dv_clock_drift, "DvClockDrift", Server;
        dm_intent, "DmIntent", Server;
        dv_intent, "DvIntent", Server;
    }

    legacy {
        "NfcUIDCaptureRequirement" = Value::Text("M".to_owned());
        "FingerprintRequirement" = Value::Text("M".to_owned());
        "FingerprintOption" = Value::Integer(1);
        "DoorSecurityOption" = Value::Null;
        "ManualOtpOption" = Value::Null;
        "ManualNeaOtpOption" = Value::Null;
        "MonitorProximity" = Value::Null;
        "CheckProximityForUnlock" = Value::Null;
        "SDCTEnabled" = Value::Null;
        "SDRemindersEnabled" = Value::Null;
        "HealthAttestation" = Value::Null;
        "TemperatureReporting" = Value::Null;
        "SeosTimeout" = Value::Null;
    }
}

//! Clock settings and steps.

use nymi_core::BandId;
use nymi_core::band::{BandRefusal, ClockSetting, SettingRequest};
use nymi_core::presence::agreement::{AdvKeys, set_time_tag};
use nymi_core::presence::{AdvKey, TSet};

const BAND: BandId = BandId::new([0xdd, 0x34, 0xa2, 0x0f, 0x0b, 0x0d]);

fn ask(last: Option<ClockSetting>, ms: u64, interval: u32) -> Result<ClockSetting, BandRefusal> {
    let keys = AdvKeys {
        first: AdvKey::new([1; 16]),
        second: AdvKey::new([2; 16]),
    };
    let tag = set_time_tag(
        &keys.second,
        BAND,
        TSet::new(ms).unwrap_or(TSet::new(0).unwrap()),
    );
    let request = SettingRequest {
        t_set_ms: ms,
        tag: &tag,
        t_interval_ms: interval,
    };
    ClockSetting::permitted(BAND, &keys, last, request)
}

#[test]
fn the_clock_is_set_forwards_by_permission_and_in_range() {
    let first = ask(None, 1000, 1000).unwrap();
    assert_eq!(first.t_interval_ms, 1000);
    assert!(ask(Some(first), 1000, 1000).is_err());
    assert!(ask(Some(first), 999, 1000).is_err());
    assert!(ask(Some(first), 1001, 1000).is_ok());
    for (interval, right) in [(249, false), (250, true), (60_000, true), (60_001, false)] {
        assert_eq!(ask(None, 1000, interval).is_ok(), right, "{interval}");
    }
    let far = ask(None, u64::MAX, 1000).unwrap_err();
    assert_eq!(far.status, 3026);
    let keys = AdvKeys {
        first: AdvKey::new([1; 16]),
        second: AdvKey::new([2; 16]),
    };
    let forged = SettingRequest {
        t_set_ms: 1000,
        tag: &[0; 16],
        t_interval_ms: 1000,
    };
    let refused = ClockSetting::permitted(BAND, &keys, None, forged).unwrap_err();
    assert!(refused.reason.contains("did not permit"), "{refused:?}");
}

#[test]
fn steps_count_from_the_setting_and_end() {
    let setting = ask(None, 10_000, 1000).unwrap();
    assert_eq!(setting.step(10_000), Some(0));
    assert_eq!(setting.step(10_999), Some(0));
    assert_eq!(setting.step(11_000), Some(1));
    assert_eq!(
        setting.step(0),
        Some(0),
        "behind T_set there is no earlier step"
    );
    assert_eq!(setting.step(i64::MAX), None, "the clock counts as lost");
    let last = i64::from(u32::MAX) * 1000;
    assert_eq!(setting.step_since_boot(last + 999), Some(u32::MAX));
    assert_eq!(setting.step_since_boot(last + 1000), None);
}

use antiphon_api::ids::{UnixMs, UserId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::{Claims, Grant, Key, Kind, Names, Refusal, SignError, Signer, Subject, Verifier};

const NOW: UnixMs = UnixMs(1_000_000);

fn key() -> Key {
    Key(vec![7; 32])
}

fn issue(key: &Key, grant: Grant) -> Result<String, SignError> {
    Signer::new(key.clone(), Names::default()).issue(grant)
}

fn verifier() -> Verifier {
    Verifier::new([&key()], &Names::default())
}

fn grant() -> Grant {
    Grant {
        subject: Subject::User(UserId(42)),
        kind: Kind::User,
        scope: None,
        issued_at: NOW,
        expires_at: NOW.plus_ms(60_000),
        jti: "abc".to_owned(),
    }
}

fn claims() -> Claims {
    Claims {
        iss: "antiphon".to_owned(),
        aud: "antiphon".to_owned(),
        exp: 2_000,
        iat: None,
        sub: Some("42".to_owned()),
        ext: None,
        jti: None,
        kind: Kind::User,
        scope: None,
    }
}

fn sign(algorithm: Algorithm, claims: &impl serde::Serialize) -> String {
    let key = EncodingKey::from_secret(&key().0);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).expect("signs")
}

#[test]
fn an_issued_token_is_accepted_until_its_last_second() {
    let verifier = verifier();
    let token = issue(&key(), grant()).expect("signs");
    let identity = verifier.verify(&token, NOW).expect("is valid");
    assert_eq!(identity.subject, Subject::User(UserId(42)));
    assert_eq!(identity.token.jti.as_deref(), Some("abc"));
    assert!(verifier.verify(&token, NOW.plus_ms(59_999)).is_ok());
    assert_eq!(
        verifier.verify(&token, NOW.plus_ms(60_000)),
        Err(Refusal::Expired)
    );
}

#[test]
fn a_token_of_the_probe_is_refused() {
    let subject = Subject::User(UserId::PROBE);
    let token = issue(&key(), Grant { subject, ..grant() }).expect("signs");
    assert_eq!(verifier().verify(&token, NOW), Err(Refusal::Invalid));
    let dev = format!("dev:{}", UserId::PROBE);
    assert_eq!(verifier().dev().verify(&dev, NOW), Err(Refusal::Invalid));
}

#[test]
fn a_token_of_another_key_algorithm_issuer_or_audience_is_refused() {
    let verifier = verifier();
    let foreign = issue(&Key(vec![8; 32]), grant()).expect("signs");
    assert_eq!(verifier.verify(&foreign, NOW), Err(Refusal::Invalid));
    assert!(
        verifier
            .verify(&sign(Algorithm::HS256, &claims()), NOW)
            .is_ok()
    );
    let longer_hash = sign(Algorithm::HS512, &claims());
    assert_eq!(verifier.verify(&longer_hash, NOW), Err(Refusal::Invalid));
    for wrong in [
        Claims {
            iss: "other".to_owned(),
            ..claims()
        },
        Claims {
            aud: "other".to_owned(),
            ..claims()
        },
        Claims {
            sub: Some("0".to_owned()),
            ..claims()
        },
        Claims {
            sub: Some("ada".to_owned()),
            ..claims()
        },
        Claims {
            jti: Some("a\r\nb".to_owned()),
            ..claims()
        },
        Claims {
            jti: Some("x".repeat(129)),
            ..claims()
        },
    ] {
        let token = sign(Algorithm::HS256, &wrong);
        assert_eq!(
            verifier.verify(&token, NOW),
            Err(Refusal::Invalid),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_token_without_a_required_claim_or_with_a_textual_end_is_refused() {
    #[derive(serde::Serialize)]
    struct Loose<'a> {
        iss: &'a str,
        aud: &'a str,
        sub: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        exp: Option<&'a str>,
    }
    let verifier = verifier();
    for exp in [None, Some("2000")] {
        let loose = Loose {
            iss: "antiphon",
            aud: "antiphon",
            sub: "42",
            exp,
        };
        let token = sign(Algorithm::HS256, &loose);
        assert_eq!(verifier.verify(&token, NOW), Err(Refusal::Invalid));
    }
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", "eyJzdWIiOiI0MiJ9");
    assert_eq!(verifier.verify(&unsigned, NOW), Err(Refusal::Invalid));
}

#[test]
fn a_token_names_a_user_by_id_or_by_external_id_and_never_by_both() {
    let verifier = verifier();
    let external = Grant {
        subject: Subject::External("crm-81".to_owned()),
        ..grant()
    };
    let token = issue(&key(), external).expect("signs");
    let verified = verifier.verify(&token, NOW).expect("is valid");
    assert_eq!(verified.subject, Subject::External("crm-81".to_owned()));
    let of = |sub: Option<&str>, ext: Option<&str>| {
        let claims = Claims {
            sub: sub.map(str::to_owned),
            ext: ext.map(str::to_owned),
            ..claims()
        };
        verifier.verify(&sign(Algorithm::HS256, &claims), NOW)
    };
    let longest = "é".repeat(128);
    assert!(of(None, Some(&longest)).is_ok());
    for (sub, ext) in [
        (None, None),
        (Some("42"), Some("crm-81")),
        (Some("42"), Some("")),
        (None, Some("")),
        (None, Some("a\nb")),
        (None, Some(&*format!("{longest}x"))),
    ] {
        assert_eq!(of(sub, ext), Err(Refusal::Invalid), "{sub:?} {ext:?}");
    }
}

#[test]
fn a_development_token_is_accepted_by_a_development_verifier_alone() {
    assert_eq!(verifier().verify("dev:1", NOW), Err(Refusal::Invalid));
    let verifier = verifier().dev();
    assert_eq!(
        verifier
            .verify("dev:1", NOW)
            .map(|verified| verified.subject),
        Ok(Subject::User(UserId(1)))
    );
    assert_eq!(verifier.verify("dev:0", NOW), Err(Refusal::Invalid));
}

#[test]
fn a_token_issued_more_than_a_minute_from_now_is_refused() {
    let verifier = verifier();
    let issued = |ms| Grant {
        issued_at: NOW.plus_ms(ms),
        expires_at: NOW.plus_ms(600_000),
        ..grant()
    };
    let verify = |ms| verifier.verify(&issue(&key(), issued(ms)).expect("signs"), NOW);
    assert!(verify(60_000).is_ok());
    assert_eq!(verify(61_000).err(), Some(Refusal::Invalid));
}

#[test]
fn what_any_key_of_a_rotation_has_signed_is_accepted() {
    let (former, next) = (Key(vec![8; 32]), Key(vec![9; 32]));
    let verifier = Verifier::new([&key(), &former], &Names::default());
    let verify = |key: &Key| verifier.verify(&issue(key, grant()).expect("signs"), NOW);
    assert!(verify(&key()).is_ok() && verify(&former).is_ok());
    assert_eq!(verify(&next), Err(Refusal::Invalid));
}

#[test]
fn an_instance_accepts_the_tokens_of_its_own_issuer_and_audience_alone() {
    let names = |issuer: &str, audience: &str| Names {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
    };
    let verifier = Verifier::new([&key()], &names("crm", "chat"));
    let verify = |names| {
        let token = Signer::new(key(), names).issue(grant()).expect("signs");
        verifier.verify(&token, NOW).map(drop)
    };
    assert_eq!(verify(names("crm", "chat")), Ok(()));
    for (issuer, audience) in [("crm", "antiphon"), ("antiphon", "chat")] {
        assert_eq!(verify(names(issuer, audience)), Err(Refusal::Invalid));
    }
}

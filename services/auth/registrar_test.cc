// From a phone number to a session, over gRPC and on a real PostgreSQL (PROTOCOL 5.1.1 to 5.1.4).
#include "services/auth/registrar.h"

#include <algorithm>

#include "services/auth/auth_fixture.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

constexpr char kPhone[] = "380670001234";

class RegistrarTest : public AuthFixture {
 protected:
  RegistrarTest() = default;
  using AuthFixture::AuthFixture;

  const v1::Caller caller_ = Registering("reg_9F3C0A71");

  grpc::Status Register(const std::string& phone = kPhone, v1::Reply* reply = nullptr) {
    return Call(&Stub::Reg, caller_, Reg(phone), reply);
  }
  grpc::Status Verify(const std::string& code, v1::Reply* reply = nullptr) {
    return Call(&Stub::Verify, caller_, Code(code), reply);
  }
  // Makes the pending row as old as if this had passed since.
  void Pass(const std::string& interval) {
    database_.Exec("UPDATE auth.pending SET code_at = code_at - interval '" + interval +
                   "', verified_at = verified_at - interval '" + interval + "'");
  }
  static std::string WrongOf(const std::string& code) {
    return code == "000000" ? "000001" : "000000";
  }
};

TEST_F(RegistrarTest, ADeviceRegistersVerifiesAndConnects) {
  v1::Reply reply;
  ASSERT_TRUE(Register("+380670001234", &reply).ok());
  ASSERT_EQ(reply.records_size(), 1);
  EXPECT_EQ(reply.records(0).io().ok().atom(), "sms_sent");
  EXPECT_TRUE(reply.records(0).io().has_nothing());
  RecordingProvider::Sent sent = provider_.last();
  EXPECT_EQ(sent.kind, courier::Kind::kSms);
  EXPECT_EQ(sent.to, kPhone);
  EXPECT_EQ(sent.code.size(), 6u);
  EXPECT_NE(sent.text.find(sent.code), std::string::npos);

  reply.Clear();
  ASSERT_TRUE(Verify(sent.code, &reply).ok());
  ASSERT_EQ(reply.records_size(), 2);
  Login login = LoginOf(reply);
  EXPECT_EQ(login.client_id, "emqttd_9F3C0A71");
  EXPECT_EQ(login.token.size(), 64u);
  EXPECT_EQ(reply.records(1).profile().phone(), kPhone);
  EXPECT_EQ(reply.records(1).profile().status(), v1::Profile::INIT);

  v1::ConnectReply connected = Connect(login.client_id, login.token);
  EXPECT_EQ(connected.verdict(), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(connected.phone(), kPhone);
  EXPECT_EQ(connected.account_id(), 1);
  EXPECT_GT(connected.auth_id(), 0);
  EXPECT_EQ(connected.new_token(), "");
}

TEST_F(RegistrarTest, ATokenIsStoredAsItsHashOnly) {
  Login login = LogIn("reg_1", kPhone);
  EXPECT_EQ(database_.Exec("SELECT encode(hash, 'hex') FROM auth.token"), Hex(Sha256(login.token)));
}

TEST_F(RegistrarTest, WhatIsNoRegistrationIsInvalidData) {
  for (const char* phone : {"", "1234", "1234567890123456", "38067000123x"}) {
    ExpectRefused(Register(phone), v1::INVALID_DATA);
  }
  v1::Auth jwt = Reg(kPhone);
  jwt.add_services("jwt");
  ExpectRefused(Call(&Stub::Reg, caller_, jwt), v1::INVALID_DATA);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.pending"), "0");
}

TEST_F(RegistrarTest, AnotherClientsIdIsAMismatchEverywhere) {
  ASSERT_TRUE(Register().ok());
  v1::Auth auth = Reg(kPhone);
  auth.set_sms_code(provider_.last().code);
  auth.set_client_id("reg_other");
  for (Method method : {&Stub::Reg, &Stub::Voice, &Stub::Resend, &Stub::Verify}) {
    ExpectRefused(Call(method, caller_, auth), v1::MISMATCH_USER_DATA);
  }
  auth.set_client_id("reg_9F3C0A71");
  EXPECT_TRUE(Call(&Stub::Verify, caller_, auth).ok());
}

TEST_F(RegistrarTest, AStrangersRegistrationIsNotFound) {
  ASSERT_TRUE(Register().ok());
  const v1::Caller stranger = Registering("reg_stranger");
  const v1::Auth auth = Code(provider_.last().code);
  for (Method method : {&Stub::Voice, &Stub::Resend, &Stub::Verify}) {
    ExpectRefused(Call(method, stranger, auth), v1::SESSION_NOT_FOUND);
  }
}

TEST_F(RegistrarTest, RegisteringAgainVoidsTheOldCode) {
  ASSERT_TRUE(Register().ok());
  const std::string first = provider_.last().code;
  ASSERT_TRUE(Register().ok());
  const std::string second = provider_.last().code;
  if (first != second) ExpectRefused(Verify(first), v1::INVALID_SMS_CODE);
  EXPECT_TRUE(Verify(second).ok());
}

TEST_F(RegistrarTest, FiveWrongTriesUseARegistrationUp) {
  ASSERT_TRUE(Register().ok());
  const std::string code = provider_.last().code;
  for (int i = 0; i < 5; ++i) ExpectRefused(Verify(WrongOf(code)), v1::INVALID_SMS_CODE);
  ExpectRefused(Verify(code), v1::ATTEMPTS_EXPIRED);
  ExpectRefused(Call(&Stub::Resend, caller_, {}), v1::ATTEMPTS_EXPIRED);
  ASSERT_TRUE(Register().ok());
  EXPECT_TRUE(Verify(provider_.last().code).ok());
}

TEST_F(RegistrarTest, AnOldCodeIsExpired) {
  ASSERT_TRUE(Register().ok());
  Pass("899 seconds");
  Pass("2 seconds");
  ExpectRefused(Verify(provider_.last().code), v1::ATTEMPTS_EXPIRED);
}

TEST_F(RegistrarTest, ResendRepeatsTheCodeForFiveMinutes) {
  ASSERT_TRUE(Register().ok());
  const std::string first = provider_.last().code;
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Resend, caller_, {}, &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "sms_sent");
  EXPECT_EQ(provider_.sent().size(), 2u);
  EXPECT_EQ(provider_.last().code, first);
  Pass("301 seconds");
  ASSERT_TRUE(Call(&Stub::Resend, caller_, {}).ok());
  EXPECT_TRUE(Verify(provider_.last().code).ok());
}

TEST_F(RegistrarTest, VoiceReadsTheSameCodeAndItsHandleIsNoPassword) {
  ASSERT_TRUE(Register().ok());
  v1::Auth voice;
  voice.add_services("it");
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Voice, caller_, voice, &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "call_in_progress");
  const std::string handle = reply.records(0).io().auth().token();
  EXPECT_FALSE(handle.empty());
  RecordingProvider::Sent call = provider_.last();
  EXPECT_EQ(call.kind, courier::Kind::kVoice);
  EXPECT_EQ(call.code, provider_.sent()[0].code);
  EXPECT_TRUE(call.text.starts_with("Il tuo codice"));
  ASSERT_TRUE(Verify(call.code).ok());
  EXPECT_EQ(Connect("emqttd_9F3C0A71", handle).code(), 4u);
}

TEST_F(RegistrarTest, TheSixthCodeInAnHourIsRefusedWhateverItsWay) {
  ASSERT_TRUE(Register().ok());
  ASSERT_TRUE(Call(&Stub::Resend, caller_, {}).ok());
  ASSERT_TRUE(Call(&Stub::Voice, caller_, {}).ok());
  ASSERT_TRUE(Register().ok());
  ASSERT_TRUE(Call(&Stub::Resend, caller_, {}).ok());
  const std::string code = provider_.last().code;
  ExpectRefused(Register(), v1::ATTEMPTS_EXPIRED);
  ExpectRefused(Call(&Stub::Resend, caller_, {}), v1::ATTEMPTS_EXPIRED);
  ExpectRefused(Call(&Stub::Voice, caller_, {}), v1::ATTEMPTS_EXPIRED);
  ExpectRefused(Call(&Stub::Reg, Registering("reg_other"), Reg(kPhone)), v1::ATTEMPTS_EXPIRED);
  EXPECT_EQ(provider_.sent().size(), 5u);
  EXPECT_TRUE(Verify(code).ok());
}

TEST_F(RegistrarTest, TheSameVerificationAgainAnswersWithAFreshTokenForTwoMinutes) {
  ASSERT_TRUE(Register().ok());
  const std::string code = provider_.last().code;
  v1::Reply first, second;
  ASSERT_TRUE(Verify(code, &first).ok());
  ASSERT_TRUE(Verify(code, &second).ok());
  EXPECT_EQ(LoginOf(first).client_id, LoginOf(second).client_id);
  EXPECT_EQ(second.records(1).profile().phone(), kPhone);
  EXPECT_EQ(Connect("emqttd_9F3C0A71", LoginOf(first).token).code(), 4u);
  EXPECT_EQ(Connect("emqttd_9F3C0A71", LoginOf(second).token).verdict(),
            v1::ConnectReply::AUTHENTICATED);
  ExpectRefused(Verify(WrongOf(code)), v1::SESSION_NOT_FOUND);
  Pass("121 seconds");
  ExpectRefused(Verify(code), v1::SESSION_NOT_FOUND);
}

TEST_F(RegistrarTest, AVerifiedCodeCannotBeGuessedAfterwards) {
  ASSERT_TRUE(Register().ok());
  const std::string code = provider_.last().code;
  ASSERT_TRUE(Verify(code).ok());
  for (int i = 0; i < 5; ++i) ExpectRefused(Verify(WrongOf(code)), v1::SESSION_NOT_FOUND);
  ExpectRefused(Verify(code), v1::SESSION_NOT_FOUND);
}

TEST_F(RegistrarTest, WithoutProfileNothingIsLostAndTheDeviceMayRepeat) {
  ASSERT_TRUE(Register().ok());
  const std::string code = provider_.last().code;
  profile_.Break(true, false);
  EXPECT_EQ(Verify(code).error_code(), grpc::StatusCode::UNAVAILABLE);
  profile_.Break(false, true);
  EXPECT_EQ(Verify(code).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "0");
  EXPECT_EQ(database_.Exec("SELECT wrong FROM auth.pending"), "0");
  profile_.Break(false, false);
  v1::Reply reply;
  ASSERT_TRUE(Verify(code, &reply).ok());
  EXPECT_EQ(profile_.accounts(), 1u);
  EXPECT_EQ(Connect(LoginOf(reply).client_id, LoginOf(reply).token).verdict(),
            v1::ConnectReply::AUTHENTICATED);
}

TEST_F(RegistrarTest, ACodeThatCannotBeHandedOverIsUnavailable) {
  provider_.Break(absl::UnavailableError("broken"));
  EXPECT_EQ(Register().error_code(), grpc::StatusCode::UNAVAILABLE);
  provider_.Break(absl::OkStatus());
  EXPECT_TRUE(Call(&Stub::Resend, caller_, {}).ok());
  EXPECT_TRUE(Verify(provider_.last().code).ok());
}

TEST_F(RegistrarTest, ANumberThatTheProviderRefusesIsInvalidData) {
  provider_.Break(absl::InvalidArgumentError("HTTP 400"));
  ExpectRefused(Register(), v1::INVALID_DATA);
  provider_.Break(absl::FailedPreconditionError("HTTP 401"));
  EXPECT_EQ(Register().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RegistrarTest, AnotherPhoneAndDeviceGetsAnotherClientId) {
  Login first = LogIn("reg_x", kPhone);
  v1::Auth other = Reg("4917000001");
  other.set_dev_key("OtherKey");
  ASSERT_TRUE(Call(&Stub::Reg, Registering("emqttd_reg_x"), other).ok());
  v1::Reply reply;
  ASSERT_TRUE(
      Call(&Stub::Verify, Registering("emqttd_reg_x"), Code(provider_.last().code), &reply).ok());
  EXPECT_TRUE(LoginOf(reply).client_id.starts_with("emqttd_x_"));
  EXPECT_EQ(Connect(first.client_id, first.token).verdict(), v1::ConnectReply::AUTHENTICATED);
}

TEST_F(RegistrarTest, ThePhonesOwnDeviceIsReplacedAndItsOldSessionIsRevoked) {
  Login first = LogIn("reg_x", kPhone);
  v1::RevokedRequest asked;
  asked.add_auth_id(Connect(first.client_id, first.token).auth_id());
  Login second = LogIn("reg_x", kPhone);
  EXPECT_EQ(second.client_id, first.client_id);
  EXPECT_EQ(second.account_id, first.account_id);
  EXPECT_EQ(Connect(first.client_id, first.token).code(), 4u);
  grpc::ClientContext context;
  v1::RevokedReply gone;
  ASSERT_TRUE(internal_stub_->Revoked(&context, asked, &gone).ok());
  ASSERT_EQ(gone.auth_id_size(), 1);
  EXPECT_EQ(gone.auth_id(0), asked.auth_id(0));
}

class TestNumberTest : public RegistrarTest {
 protected:
  TestNumberTest()
      : RegistrarTest([](AuthConfig& config) { config.test_numbers = {"380670001234:424242"}; }) {}
};

TEST_F(TestNumberTest, ATestNumberHasItsFixedCodeAndNothingIsSent) {
  ASSERT_TRUE(Register().ok());
  ASSERT_TRUE(Call(&Stub::Resend, caller_, {}).ok());
  Pass("301 seconds");
  ASSERT_TRUE(Call(&Stub::Resend, caller_, {}).ok());
  ASSERT_TRUE(Call(&Stub::Voice, caller_, {}).ok());
  EXPECT_TRUE(provider_.sent().empty());
  ExpectRefused(Verify("424243"), v1::INVALID_SMS_CODE);
  EXPECT_TRUE(Verify("424242").ok());
}

TEST_F(TestNumberTest, OtherNumbersGetACodeOfTheirOwn) {
  ASSERT_TRUE(Register("380670001235").ok());
  EXPECT_EQ(provider_.sent().size(), 1u);
}

class JwtTest : public RegistrarTest {
 protected:
  JwtTest() : RegistrarTest([](AuthConfig& config) { config.jwt = true; }) {}

  grpc::Status RegisterJwt(v1::Reply* reply) {
    v1::Auth auth = Reg(kPhone);
    auth.add_services("jwt");
    return Call(&Stub::Reg, caller_, auth, reply);
  }
  grpc::Status VerifyJwt(const std::string& jwt) {
    v1::Auth auth = Code(jwt);
    auth.add_services("jwt");
    return Call(&Stub::Verify, caller_, auth);
  }
};

TEST_F(JwtTest, AJwtIsHandedToTheCallerAndVerifiesOnce) {
  v1::Reply reply;
  ASSERT_TRUE(RegisterJwt(&reply).ok());
  EXPECT_TRUE(provider_.sent().empty());
  const v1::Ok2& ok2 = reply.records(0).io().ok2();
  EXPECT_EQ(ok2.atom(), "jwt_sent");
  EXPECT_EQ(std::count(ok2.text().begin(), ok2.text().end(), '.'), 2);
  ExpectRefused(VerifyJwt(ok2.text() + "x"), v1::INVALID_JWT_CODE);
  EXPECT_TRUE(VerifyJwt(ok2.text()).ok());
}

TEST_F(JwtTest, ANewJwtVoidsTheOldOne) {
  v1::Reply first, second;
  ASSERT_TRUE(RegisterJwt(&first).ok());
  ASSERT_TRUE(RegisterJwt(&second).ok());
  ExpectRefused(VerifyJwt(first.records(0).io().ok2().text()), v1::INVALID_JWT_CODE);
  EXPECT_TRUE(VerifyJwt(second.records(0).io().ok2().text()).ok());
}

class VerifyReplyOfDocsTest : public RegistrarTest {
 protected:
  VerifyReplyOfDocsTest()
      : RegistrarTest([](AuthConfig& config) { config.verify_reply = "docs"; }) {}
};

TEST_F(VerifyReplyOfDocsTest, ClientAndTokenComeInTheFormOfThePage) {
  ASSERT_TRUE(Register().ok());
  v1::Reply reply;
  ASSERT_TRUE(Verify(provider_.last().code, &reply).ok());
  const v1::Io& io = reply.records(0).io();
  EXPECT_EQ(io.ok2().atom(), "login");
  EXPECT_EQ(io.ok2().client().client_id(), "emqttd_9F3C0A71");
  EXPECT_EQ(Connect("emqttd_9F3C0A71", io.token().token()).verdict(),
            v1::ConnectReply::AUTHENTICATED);
}

}  // namespace
}  // namespace chat::auth

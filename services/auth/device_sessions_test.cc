// The life of a session over gRPC and on a real PostgreSQL (PROTOCOL 1.2, 1.7, 5.1.5 to 5.1.8).
#include "services/auth/device_sessions.h"

#include "services/auth/auth_fixture.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

constexpr char kPhone[] = "380670001234";

class DeviceSessionsTest : public AuthFixture {
 protected:
  v1::Caller As(const Login& login, const std::string& phone = kPhone) {
    return Device(login.client_id, login.account_id, phone, login.token);
  }
  void Expire(const std::string& token, const std::string& ago) {
    database_.Exec("UPDATE auth.token SET expires = now() - interval '" + ago +
                   "' WHERE hash = '\\x" + Hex(Sha256(token)) + "'");
  }
  v1::ConnectReply::Verdict VerdictOn(const std::string& id, const std::string& token) {
    return Connect(id, token).verdict();
  }
};

TEST_F(DeviceSessionsTest, EveryRowOfTheConnectTableIsAnswered) {
  Login login = LogIn("reg_1", kPhone);
  EXPECT_EQ(Connect("reg_2").verdict(), v1::ConnectReply::REGISTERING);
  EXPECT_EQ(Connect("emqttd_reg_2", "ignored").verdict(), v1::ConnectReply::REGISTERING);
  EXPECT_EQ(Connect("emqttd_2").verdict(), v1::ConnectReply::ANONYMOUS);
  EXPECT_EQ(Connect("emqttd_2", "").verdict(), v1::ConnectReply::ANONYMOUS);
  EXPECT_EQ(Connect("emqttd_2", login.token).code(), 4u);
  EXPECT_EQ(Connect("emqttd_1").code(), 5u);
  EXPECT_EQ(Connect("emqttd_1", "").code(), 5u);
  EXPECT_EQ(Connect("emqttd_1", "wrong").code(), 4u);
  EXPECT_EQ(Connect("emqttd_1", login.token).code(), 0u);
  EXPECT_EQ(Connect("sys_1").code(), 2u);
  EXPECT_EQ(Connect("").code(), 2u);
  EXPECT_EQ(Connect(std::string(1025, 'x')).code(), 2u);
  EXPECT_EQ(Connect("emqttd_a/b").code(), 2u);
  EXPECT_EQ(Connect("emqttd_\xFF\xFE", "x").code(), 4u);
}

TEST_F(DeviceSessionsTest, AnExpiredTokenIsRenewedAndDiesWhenTheNewOneIsUsed) {
  Login login = LogIn("reg_1", kPhone);
  Expire(login.token, "29 days");
  v1::ConnectReply renewed = Connect("emqttd_1", login.token);
  EXPECT_EQ(renewed.verdict(), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(renewed.new_token().size(), 64u);
  EXPECT_EQ(VerdictOn("emqttd_1", login.token), v1::ConnectReply::AUTHENTICATED);
  v1::ConnectReply used = Connect("emqttd_1", renewed.new_token());
  EXPECT_EQ(used.verdict(), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(used.new_token(), "");
  EXPECT_EQ(used.auth_id(), renewed.auth_id());
  EXPECT_EQ(Connect("emqttd_1", login.token).code(), 4u);
}

TEST_F(DeviceSessionsTest, BeyondTheRenewalWindowATokenIsRefused) {
  Login login = LogIn("reg_1", kPhone);
  Expire(login.token, "31 days");
  EXPECT_EQ(Connect("emqttd_1", login.token).code(), 4u);
}

TEST_F(DeviceSessionsTest, LoginOnALiveConnectionRenews) {
  Login login = LogIn("reg_1", kPhone);
  v1::Auth auth;
  auth.set_client_id("emqttd_1");
  auth.set_dev_key("DevKey");
  auth.set_phone("+380670001234");
  auth.set_token(login.token);
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Login, As(login), auth, &reply).ok());
  ASSERT_EQ(reply.records_size(), 1);
  EXPECT_EQ(LoginOf(reply).client_id, "emqttd_1");
  EXPECT_EQ(reply.token(), LoginOf(reply).token);
  EXPECT_EQ(VerdictOn("emqttd_1", login.token), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(VerdictOn("emqttd_1", LoginOf(reply).token), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(Connect("emqttd_1", login.token).code(), 4u);
}

TEST_F(DeviceSessionsTest, LoginTellsAnUnknownTokenFromAMismatch) {
  Login login = LogIn("reg_1", kPhone);
  Login other = LogIn("reg_2", kPhone);
  auto with = [](auto change) {
    v1::Auth auth;
    change(auth);
    return auth;
  };
  const v1::Caller caller = As(login);
  ExpectRefused(Call(&Stub::Login, caller, with([](auto& a) { a.set_token("none"); })),
                v1::SESSION_NOT_FOUND);
  ExpectRefused(Call(&Stub::Login, caller, with([&](auto& a) { a.set_token(other.token); })),
                v1::MISMATCH_USER_DATA);
  ExpectRefused(Call(&Stub::Login, caller, with([](auto& a) { a.set_client_id("emqttd_2"); })),
                v1::MISMATCH_USER_DATA);
  ExpectRefused(Call(&Stub::Login, caller, with([](auto& a) { a.set_dev_key("other"); })),
                v1::MISMATCH_USER_DATA);
  ExpectRefused(Call(&Stub::Login, caller, with([](auto& a) { a.set_phone("4917000001"); })),
                v1::MISMATCH_USER_DATA);
  EXPECT_TRUE(Call(&Stub::Login, caller, {}).ok());
}

TEST_F(DeviceSessionsTest, ARegisteringConnectionLogsInWithALiveTokenAndItsDeviceKey) {
  Login login = LogIn("reg_1", kPhone);
  v1::Auth auth;
  auth.set_client_id("emqttd_1");
  auth.set_dev_key("DevKey");
  auth.set_token(login.token);
  const v1::Caller caller = Registering("reg_new");
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Login, caller, auth, &reply).ok());
  EXPECT_EQ(LoginOf(reply).client_id, "emqttd_1");
  EXPECT_EQ(reply.token(), "");
  EXPECT_EQ(VerdictOn("emqttd_1", LoginOf(reply).token), v1::ConnectReply::AUTHENTICATED);

  auth.set_token(LoginOf(reply).token);
  auth.set_dev_key("other");
  ExpectRefused(Call(&Stub::Login, caller, auth), v1::MISMATCH_USER_DATA);
  auth.clear_dev_key();
  ExpectRefused(Call(&Stub::Login, caller, auth), v1::MISMATCH_USER_DATA);
  auth.set_dev_key("DevKey");
  auth.set_client_id("emqttd_2");
  ExpectRefused(Call(&Stub::Login, caller, auth), v1::MISMATCH_USER_DATA);
  auth.set_client_id("reg_new");
  EXPECT_TRUE(Call(&Stub::Login, caller, auth).ok());
  Expire(auth.token(), "1 second");
  ExpectRefused(Call(&Stub::Login, caller, auth), v1::SESSION_NOT_FOUND);
  ExpectRefused(Call(&Stub::Login, caller, {}), v1::SESSION_NOT_FOUND);
}

TEST_F(DeviceSessionsTest, LogoutAnswersWithTheTokenThatDiedAndCloses) {
  Login login = LogIn("reg_1", kPhone);
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Logout, As(login), {}, &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "logout");
  EXPECT_EQ(reply.records(0).io().auth().token(), login.token);
  EXPECT_TRUE(reply.close());
  EXPECT_EQ(Connect("emqttd_1", login.token).code(), 4u);
  EXPECT_EQ(Connect("emqttd_1").verdict(), v1::ConnectReply::ANONYMOUS);
}

TEST_F(DeviceSessionsTest, AnotherSessionOfThePhoneCanBeLoggedOut) {
  Login login = LogIn("reg_1", kPhone);
  Login other = LogIn("reg_2", kPhone);
  v1::Auth auth;
  auth.set_client_id("emqttd_2");
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Logout, As(login), auth, &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "logout");
  EXPECT_TRUE(reply.records(0).io().has_nothing());
  EXPECT_FALSE(reply.close());
  EXPECT_EQ(Connect("emqttd_2", other.token).code(), 4u);
  EXPECT_EQ(VerdictOn("emqttd_1", login.token), v1::ConnectReply::AUTHENTICATED);
  const std::vector<v1::EndSessionsRequest> ended = feeds_.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].account_id(), login.account_id);
  EXPECT_EQ(ended[0].client_id(), "emqttd_2");
  EXPECT_EQ(ended[0].record().io().ok().atom(), "logout");
  ExpectRefused(Call(&Stub::Logout, As(login), auth), v1::SESSION_NOT_FOUND);
  EXPECT_EQ(feeds_.ended().size(), 1u);
}

TEST_F(DeviceSessionsTest, ALogoutCountsAlsoWhenMessagingIsAway) {
  Login login = LogIn("reg_1", kPhone);
  Login other = LogIn("reg_2", kPhone);
  feeds_.SetAway(true);
  v1::Auth auth;
  auth.set_client_id("emqttd_2");
  EXPECT_TRUE(Call(&Stub::Logout, As(login), auth).ok());
  EXPECT_EQ(Connect("emqttd_2", other.token).code(), 4u);
}

TEST_F(DeviceSessionsTest, AStrangersSessionCannotBeLoggedOut) {
  Login login = LogIn("reg_1", kPhone);
  Login stranger = LogIn("reg_2", "4917000001");
  v1::Auth auth;
  auth.set_client_id("emqttd_2");
  ExpectRefused(Call(&Stub::Logout, As(login), auth), v1::SESSION_NOT_FOUND);
  EXPECT_EQ(VerdictOn("emqttd_2", stranger.token), v1::ConnectReply::AUTHENTICATED);
}

TEST_F(DeviceSessionsTest, PushStoresWhatItIsGivenAndRefusesWhatDoesNotMatch) {
  Login login = LogIn("reg_1", kPhone);
  v1::Auth auth;
  auth.set_push("APA91bF");
  auth.set_os("windows");
  ExpectRefused(Call(&Stub::Push, As(login), auth), v1::MISMATCH_USER_DATA);
  auth.set_os("ios");
  auth.set_token("other");
  ExpectRefused(Call(&Stub::Push, As(login), auth), v1::MISMATCH_USER_DATA);
  auth.set_token(login.token);
  auth.set_phone("4917000001");
  ExpectRefused(Call(&Stub::Push, As(login), auth), v1::MISMATCH_USER_DATA);
  auth.set_phone(kPhone);
  auth.set_client_id("emqttd_2");
  ExpectRefused(Call(&Stub::Push, As(login), auth), v1::MISMATCH_USER_DATA);
  EXPECT_EQ(database_.Exec("SELECT count(push) FROM auth.session"), "0");
  auth.set_client_id("emqttd_1");
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::Push, As(login), auth, &reply).ok());
  ASSERT_EQ(reply.records_size(), 1);
  EXPECT_TRUE(reply.records(0).io().has_text());
  EXPECT_EQ(reply.records(0).io().text(), "");
  EXPECT_TRUE(reply.records(0).io().has_nothing());
  EXPECT_EQ(database_.Exec("SELECT convert_from(push, 'UTF8') || os FROM auth.session"),
            "APA91bFios");
}

TEST_F(DeviceSessionsTest, TheListShowsThePhonesSessionsAndNoSecret) {
  Login first = LogIn("reg_1", kPhone);
  Login second = LogIn("reg_2", kPhone);
  LogIn("reg_3", "4917000001");
  v1::Reply reply;
  ASSERT_TRUE(Call(&Stub::List, As(second), {}, &reply).ok());
  ASSERT_EQ(reply.records_size(), 2);
  const v1::Auth& own = reply.records(0).auth();
  EXPECT_EQ(own.client_id(), "emqttd_2");
  EXPECT_EQ(own.dev_key(), "DevKey");
  EXPECT_EQ(own.user_id(), std::string(kPhone) + "_12");
  EXPECT_EQ(own.phone(), kPhone);
  EXPECT_EQ(own.type(), v1::Auth::LIST);
  EXPECT_EQ(own.os(), "android");
  EXPECT_GT(own.created(), 0);
  EXPECT_GE(own.last_online(), own.created());
  EXPECT_FALSE(own.has_token());
  EXPECT_FALSE(own.has_sms_code());
  EXPECT_FALSE(own.has_push());
  EXPECT_EQ(reply.records(1).auth().client_id(), "emqttd_1");
}

TEST_F(DeviceSessionsTest, InitAnswersWithTheTokenOfTheConnection) {
  Login login = LogIn("reg_1", kPhone);
  v1::Reply reply;
  ASSERT_TRUE(Init(As(login), "", &reply).ok());
  ASSERT_EQ(reply.records_size(), 1);
  EXPECT_TRUE(reply.records(0).io().has_text());
  EXPECT_EQ(reply.records(0).io().token().token(), login.token);
}

TEST_F(DeviceSessionsTest, AnAnonymousInitTokenIsKeptAndOpensNothing) {
  const v1::Caller caller = Registering("reg_1");
  v1::Reply first, second, third;
  ASSERT_TRUE(Init(caller, "", &first).ok());
  const std::string token = first.records(0).io().token().token();
  EXPECT_EQ(token.size(), 64u);
  ASSERT_TRUE(Init(caller, token, &second).ok());
  EXPECT_EQ(second.records(0).io().token().token(), token);
  ASSERT_TRUE(Init(caller, "unknown", &third).ok());
  EXPECT_NE(third.records(0).io().token().token(), token);
  EXPECT_NE(third.records(0).io().token().token(), "unknown");
  EXPECT_EQ(Connect("emqttd_1", third.records(0).io().token().token()).code(), 4u);
}

}  // namespace
}  // namespace chat::auth

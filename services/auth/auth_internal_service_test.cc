#include "services/auth/auth_fixture.h"

namespace chat::auth {
namespace {

class AuthInternalServiceTest : public AuthFixture {
 protected:
  AuthInternalServiceTest() = default;
  using AuthFixture::AuthFixture;

  v1::TokenReply Whose(const std::string& token) {
    grpc::ClientContext context;
    v1::TokenRequest request;
    v1::TokenReply reply;
    request.set_token(token);
    const grpc::Status status = internal_stub_->Whose(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  grpc::Status Rename(int64_t account_id, const std::string& phone) {
    grpc::ClientContext context;
    v1::RenameAuthRequest request;
    v1::RenameAuthReply reply;
    request.set_account_id(account_id);
    request.set_phone(phone);
    return internal_stub_->RenameAccount(&context, request, &reply);
  }
  grpc::Status Remove(int64_t account_id, const std::string& phone) {
    grpc::ClientContext context;
    v1::RemoveAuthRequest request;
    v1::RemoveAuthReply reply;
    request.set_account_id(account_id);
    request.set_phone(phone);
    return internal_stub_->RemoveAccount(&context, request, &reply);
  }
  grpc::Status SendCode(const std::string& phone, const std::string& address,
                        v1::SendCodeReply* reply) {
    grpc::ClientContext context;
    v1::SendCodeRequest request;
    request.set_phone(phone);
    request.set_code("654321");
    request.set_address(address);
    return internal_stub_->SendCode(&context, request, reply);
  }
};

TEST_F(AuthInternalServiceTest, ALiveTokenNamesItsAccount) {
  const Login login = LogIn("reg_x", "380670001234");
  const v1::TokenReply owner = Whose(login.token);
  EXPECT_EQ(owner.account_id(), login.account_id);
  EXPECT_EQ(owner.phone(), "380670001234");
}

TEST_F(AuthInternalServiceTest, ATokenThatIsUnknownOrEmptyIsNobodys) {
  LogIn("reg_x", "380670001234");
  EXPECT_EQ(Whose(std::string(64, 'a')).account_id(), 0);
  EXPECT_EQ(Whose("").account_id(), 0);
}

TEST_F(AuthInternalServiceTest, ATokenThatHasExpiredIsNobodys) {
  const Login login = LogIn("reg_x", "380670001234");
  database_.Exec("UPDATE auth.token SET expires = now() - interval '1 second'");
  EXPECT_EQ(Whose(login.token).account_id(), 0);
}

TEST_F(AuthInternalServiceTest, ATokenOfASessionThatHasEndedIsNobodys) {
  const Login login = LogIn("reg_x", "380670001234");
  ASSERT_TRUE(Call(&Stub::Logout,
                   Device(login.client_id, login.account_id, "380670001234", login.token), {})
                  .ok());
  EXPECT_EQ(Whose(login.token).account_id(), 0);
}

TEST_F(AuthInternalServiceTest, ARenamedAccountsTokensGoOnUnderTheNewPhone) {
  const Login login = LogIn("reg_x", "380670001234");
  for (int again = 0; again < 2; ++again) ASSERT_TRUE(Rename(login.account_id, "4917000001").ok());
  const v1::ConnectReply connected = Connect(login.client_id, login.token);
  EXPECT_EQ(connected.verdict(), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(connected.phone(), "4917000001");
  EXPECT_EQ(connected.account_id(), login.account_id);
  EXPECT_EQ(Rename(0, "4917000001").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Rename(login.account_id, "+4917000001").error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(AuthInternalServiceTest, ARemovedAccountLeavesNothingBehind) {
  const Login login = LogIn("reg_x", "380670001234");
  const Login stranger = LogIn("reg_y", "4917000001");
  ASSERT_TRUE(Call(&Stub::Reg, Registering("reg_z"), Reg("380670001234")).ok());
  ASSERT_TRUE(Call(&Stub::Reg, Registering("reg_other"), Reg("4917000002")).ok());
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(Remove(login.account_id, "380670001234").ok());
  }
  EXPECT_EQ(Connect(login.client_id, login.token).code(), 4u);
  EXPECT_EQ(Connect(login.client_id).verdict(), v1::ConnectReply::ANONYMOUS);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.pending WHERE phone = '380670001234'"), "0");
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.token"), "1");
  EXPECT_EQ(Connect(stranger.client_id, stranger.token).verdict(), v1::ConnectReply::AUTHENTICATED);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.pending WHERE phone = '4917000002'"), "1");
  EXPECT_EQ(Remove(0, "").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(AuthInternalServiceTest, AVerificationUnderWayDoesNotBringARemovedAccountBack) {
  const Login login = LogIn("reg_x", "380670001234");
  ASSERT_TRUE(Remove(login.account_id, "").ok());
  ASSERT_TRUE(Call(&Stub::Reg, Registering("reg_x"), Reg("380670001234")).ok());
  // The chat-profile of this test does not know of the removal: it names the old account.
  const v1::Auth code = Code(provider_.last().code);
  EXPECT_EQ(Call(&Stub::Verify, Registering("reg_x"), code).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "0");
  ASSERT_TRUE(Rename(login.account_id, "4917000001").ok());
  EXPECT_EQ(Call(&Stub::Verify, Registering("reg_x"), code).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  ASSERT_TRUE(Rename(login.account_id, "380670001234").ok());
  EXPECT_TRUE(Call(&Stub::Verify, Registering("reg_x"), code).ok());
}

TEST_F(AuthInternalServiceTest, ACodeOfAnotherServiceIsSentWithinTheLimits) {
  v1::SendCodeReply reply;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(SendCode("+380670001234", "192.0.2.1", &reply).ok());
    EXPECT_EQ(reply.code(), "654321");
    EXPECT_EQ(provider_.last().to, "380670001234");
    EXPECT_NE(provider_.last().text.find("654321"), std::string::npos);
  }
  ExpectRefused(SendCode("380670001234", "192.0.2.2", &reply), v1::ATTEMPTS_EXPIRED);
  ExpectRefused(SendCode("38", "192.0.2.2", &reply), v1::INVALID_DATA);
  EXPECT_EQ(provider_.sent().size(), 5u);
  ExpectRefused(Call(&Stub::Reg, Registering("reg_x"), Reg("380670001234")), v1::ATTEMPTS_EXPIRED);
}

class SendCodeToTestNumberTest : public AuthInternalServiceTest {
 protected:
  SendCodeToTestNumberTest()
      : AuthInternalServiceTest(
            [](AuthConfig& config) { config.test_numbers = {"380670001234:424242"}; }) {}
};

TEST_F(SendCodeToTestNumberTest, TheFixedCodeCountsAndNothingIsSent) {
  v1::SendCodeReply reply;
  ASSERT_TRUE(SendCode("380670001234", "192.0.2.1", &reply).ok());
  EXPECT_EQ(reply.code(), "424242");
  EXPECT_TRUE(provider_.sent().empty());
}

}  // namespace
}  // namespace chat::auth

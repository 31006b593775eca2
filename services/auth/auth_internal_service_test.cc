#include "services/auth/auth_fixture.h"

namespace chat::auth {
namespace {

class AuthInternalServiceTest : public AuthFixture {
 protected:
  v1::TokenReply Whose(const std::string& token) {
    grpc::ClientContext context;
    v1::TokenRequest request;
    v1::TokenReply reply;
    request.set_token(token);
    const grpc::Status status = internal_stub_->Whose(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
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

}  // namespace
}  // namespace chat::auth

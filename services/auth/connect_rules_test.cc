#include "services/auth/connect_rules.h"

#include <gtest/gtest.h>

#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

using State = ConnectVerdict::State;

TEST(ConnectRulesTest, TheDecisionTableHolds) {
  const std::vector<StoredToken> row = {{1, Sha256("dead"), TokenState::kDead},
                                        {2, Sha256("expired"), TokenState::kRenewable},
                                        {3, Sha256("live"), TokenState::kLive}};
  const std::vector<StoredToken> no_tokens;
  struct Case {
    ClientKind kind;
    const std::vector<StoredToken>* tokens;
    const char* password;
    State state;
    uint32_t code;
    int64_t presented;
  };
  constexpr auto kReg = ClientKind::kRegistering;
  constexpr auto kDevice = ClientKind::kDevice;
  constexpr auto kForeign = ClientKind::kForeign;
  const Case cases[] = {
      {kReg, nullptr, "", State::kRegistering, 0, 0},
      {kReg, nullptr, "ignored", State::kRegistering, 0, 0},
      {kDevice, nullptr, "", State::kAnonymous, 0, 0},
      {kDevice, &row, "", State::kRefused, 5, 0},
      {kDevice, &no_tokens, "", State::kRefused, 5, 0},
      {kDevice, &row, "live", State::kAuthenticated, 0, 3},
      {kDevice, &row, "expired", State::kAuthenticated, 0, 2},
      {kDevice, &row, "dead", State::kRefused, 4, 0},
      {kDevice, &row, "another", State::kRefused, 4, 0},
      {kDevice, &no_tokens, "live", State::kRefused, 4, 0},
      {kDevice, nullptr, "live", State::kRefused, 4, 0},
      {kForeign, nullptr, "", State::kRefused, 2, 0},
      {kForeign, &row, "live", State::kRefused, 2, 0},
  };
  for (const Case& c : cases) {
    ConnectVerdict verdict = JudgeConnect(c.kind, c.tokens, c.password);
    SCOPED_TRACE(testing::Message() << "case " << (&c - cases));
    EXPECT_EQ(verdict.state, c.state);
    EXPECT_EQ(verdict.code, c.code);
    EXPECT_EQ(verdict.presented == nullptr ? 0 : verdict.presented->id, c.presented);
  }
}

TEST(ConnectRulesTest, AStoredHashIsNoPassword) {
  const std::vector<StoredToken> row = {{1, Sha256("live"), TokenState::kLive}};
  EXPECT_EQ(JudgeConnect(ClientKind::kDevice, &row, Sha256("live")).code, kBadPassword);
}

}  // namespace
}  // namespace chat::auth

#include "services/gateway/session/session_registry.h"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

class NamesTest : public testing::Test {
 protected:
  static uint64_t ClientOf(const std::optional<ConnectionRef>& found) {
    return found ? found->client : 0;
  }
  SessionRegistry one_, other_;
};

TEST_F(NamesTest, TheSecondOfAGatewayTakesThePlaceOfTheFirst) {
  EXPECT_FALSE(one_.EnterName("reg_1", {0, 1, 0}).older);
  EXPECT_EQ(ClientOf(one_.EnterName("reg_1", {0, 2, 0}).older), 1u);
  one_.SetPending("reg_1", {0, 2, 0}, true);
  EXPECT_TRUE(one_.EnterName("reg_1", {0, 3, 0}).refused);
}

TEST_F(NamesTest, OfTwoGatewaysTheOneWhoseTicketIsToldLastKeepsTheName) {
  const std::string first = one_.EnterName("reg_1", {0, 1, 0}).ticket;
  const std::string second = other_.EnterName("reg_1", {0, 2, 0}).ticket;
  // Both at once: each hears the first ticket before the second one.
  EXPECT_FALSE(one_.OnNameTold("reg_1", first));
  EXPECT_FALSE(other_.OnNameTold("reg_1", first)) << "its own is still to come";
  EXPECT_EQ(ClientOf(one_.OnNameTold("reg_1", second)), 1u);
  EXPECT_FALSE(other_.OnNameTold("reg_1", second));
}

TEST_F(NamesTest, OneThatWaitsForACodeStays) {
  const std::string first = one_.EnterName("reg_1", {0, 1, 0}).ticket;
  one_.OnNameTold("reg_1", first);
  one_.SetPending("reg_1", {0, 1, 0}, true);
  EXPECT_FALSE(one_.OnNameTold("reg_1", "of another gateway"));
}

}  // namespace
}  // namespace chat::gateway

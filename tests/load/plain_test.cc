#include "tests/load/plain.h"

#include <gtest/gtest.h>

namespace chat::load {
namespace {

TEST(PlainTest, NeighboursShareATopicAndEachSendsInAConversationOfItsOwn) {
  const auto conversations = PlainConversations(4);
  ASSERT_EQ(conversations.size(), 4u);
  for (uint32_t device = 0; device < 4; ++device) {
    const Conversation& one = conversations[device];
    EXPECT_EQ(one.sender, device);
    EXPECT_EQ(one.topic, device < 2 ? "load/000000" : "load/000001");
    EXPECT_EQ(one.members,
              device < 2 ? (std::vector<uint32_t>{0, 1}) : (std::vector<uint32_t>{2, 3}));
  }
}

TEST(PlainTest, ClientsAreTheSameInEveryRunAndHaveNoToken) {
  const auto accounts = PlainAccounts(12);
  ASSERT_EQ(accounts.size(), 12u);
  EXPECT_EQ(accounts[11].client_id, "load-000011");
  EXPECT_EQ(accounts[11].token, "");
}

}  // namespace
}  // namespace chat::load

#include "services/gateway/transport/door.h"

#include <gtest/gtest.h>

#include <vector>

namespace chat::gateway {
namespace {

using Verdict = Door::Verdict;

TEST(DoorTest, NoMoreComeInThanThereArePlaces) {
  Door door({.connections = 2});
  std::vector<Place> places;
  places.push_back(door.Enter(Transport::kTcp, "192.0.2.1"));
  EXPECT_EQ(door.Ask("192.0.2.1"), Verdict::kWelcome);
  places.push_back(door.Enter(Transport::kWss, "192.0.2.2"));
  EXPECT_EQ(door.Ask("192.0.2.3"), Verdict::kFull);
  places.pop_back();
  EXPECT_EQ(door.connections(), 1);
  EXPECT_EQ(door.Ask("192.0.2.3"), Verdict::kWelcome);
}

TEST(DoorTest, AnAddressHasABoundOfConnectionsWithoutToken) {
  Door door({.connections = 100, .unauthenticated_per_address = 2});
  std::vector<Place> places;
  for (int i = 0; i < 2; ++i) places.push_back(door.Enter(Transport::kTcp, "192.0.2.1"));
  EXPECT_EQ(door.Ask("192.0.2.1"), Verdict::kAddressFull);
  EXPECT_EQ(door.Ask("192.0.2.2"), Verdict::kWelcome);
  places.back().Authenticate();
  places.back().Authenticate();
  EXPECT_EQ(door.Ask("192.0.2.1"), Verdict::kWelcome);
  places.push_back(door.Enter(Transport::kTcp, "192.0.2.1"));
  EXPECT_EQ(door.Ask("192.0.2.1"), Verdict::kAddressFull);
  places.clear();
  EXPECT_EQ(door.Ask("192.0.2.1"), Verdict::kWelcome);
  EXPECT_EQ(door.connections(), 0);
}

TEST(DoorTest, TheConnectionsOfAnAddressShareItsRateOfPublishes) {
  Door door({.connections = 100, .publishes_per_address = 2});
  Place one = door.Enter(Transport::kTcp, "192.0.2.1");
  Place two = door.Enter(Transport::kTls, "192.0.2.1");
  Place other = door.Enter(Transport::kTcp, "192.0.2.2");
  EXPECT_EQ(one.TakePublish(1000), 0);
  EXPECT_EQ(two.TakePublish(1000), 0);
  const int64_t wait = one.TakePublish(1000);
  EXPECT_GT(wait, 0);
  EXPECT_EQ(other.TakePublish(1000), 0);
  EXPECT_EQ(two.TakePublish(1000 + wait), 0);
}

TEST(DoorTest, AnIpv6SubscriberIsOneAddress) {
  EXPECT_EQ(Door::Group("2001:db8:1:2:3:4:5:6"), Door::Group("2001:db8:1:2::1"));
  EXPECT_NE(Door::Group("2001:db8:1:2::1"), Door::Group("2001:db8:1:3::1"));
  EXPECT_EQ(Door::Group("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Door::Group("192.0.2.1"), "192.0.2.1");
}

}  // namespace
}  // namespace chat::gateway

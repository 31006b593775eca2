#include "services/gateway/router/router.h"

#include <gtest/gtest.h>

#include "chat/v1/records.pb.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"
#include "libs/wire/translator.h"

namespace chat::gateway {
namespace {

std::string Payload(const std::string& text) {
  auto term = bert::ParseErlangText(text);
  EXPECT_TRUE(term.ok()) << text;
  return bert::Encode(term.term());
}

v1::Caller CallerIn(rules::State state) {
  v1::Caller caller;
  caller.set_state(state);
  caller.set_client_id("emqttd_x");
  if (state == rules::AUTHENTICATED) {
    caller.set_phone("380670001234");
    auto* own = caller.add_rosters();
    own->set_id(7);
    own->set_phone_id("380670001234_7");
  }
  return caller;
}

// "path" of what is routed, or the atom of the error.
std::string Outcome(const std::string& text, rules::State state) {
  auto result = RouteRequest(Payload(text), bert::Limits(), CallerIn(state));
  if (auto* routed = std::get_if<Routed>(&result)) return routed->route->path;
  return wire::AtomOf(std::get<Refused>(result).code);
}

TEST(RouterTest, TheTableOfStates) {
  const std::string reg =
      "{'Auth',[],<<\"d\">>,[],<<\"380670001234\">>,[],reg,[],[],[],[],[],[],[]}";
  const std::string strange = "{'Auth',[],[],[],[],[],frobnicate,[],[],[],[],[],[],[]}";
  const std::string request = "{'Friend',<<\"380670001234_7\">>,<<\"1_2\">>,request}";
  const std::string init = "{init,<<>>}";
  EXPECT_EQ(Outcome(reg, rules::REGISTERING), "/chat.v1.AuthService/Reg");
  EXPECT_EQ(Outcome(reg, rules::AUTHENTICATED), "invalid_data");
  EXPECT_EQ(Outcome(reg, rules::ANONYMOUS), "not_authorized");
  EXPECT_EQ(Outcome(strange, rules::REGISTERING), "invalid_data");
  EXPECT_EQ(Outcome(strange, rules::AUTHENTICATED), "invalid_data");
  EXPECT_EQ(Outcome(strange, rules::ANONYMOUS), "not_authorized");
  EXPECT_EQ(Outcome(request, rules::AUTHENTICATED), "/chat.v1.FriendService/Request");
  EXPECT_EQ(Outcome(request, rules::REGISTERING), "not_authorized");
  EXPECT_EQ(Outcome(init, rules::ANONYMOUS), "/chat.v1.AuthService/Init");
  EXPECT_EQ(Outcome(init, rules::AUTHENTICATED), "/chat.v1.AuthService/Init");
}

TEST(RouterTest, WhatClaimsToBeOwnMustBe) {
  EXPECT_EQ(Outcome("{'History',<<\"380670009999_7\">>,[],0,0,[],get}", rules::AUTHENTICATED),
            "invalid_data");
  EXPECT_EQ(Outcome("{'History',<<\"380670001234_7\">>,[],0,0,[],get}", rules::AUTHENTICATED),
            "/chat.v1.HistoryService/Get");
  EXPECT_EQ(Outcome("{'History',[],[],0,0,[],get}", rules::AUTHENTICATED),
            "/chat.v1.HistoryService/Get");
  EXPECT_EQ(Outcome("{'Profile',<<\"+380670001234\">>,[],[],[],0,0,[],get}", rules::AUTHENTICATED),
            "/chat.v1.ProfileService/Get");
}

TEST(RouterTest, BadPayloadsAreInvalidData) {
  for (const char* text :
       {"5", "{nobody,1}", "{'Friend',5,[],request}", "{'Friend',[],[]}", "[]",
        "{'Friend',[],[],frobnicate}", "{'Friend',[],[],[]}", "{io,{ok,x},<<>>}"}) {
    EXPECT_EQ(Outcome(text, rules::AUTHENTICATED), "invalid_data") << text;
  }
  auto result = RouteRequest("\x83h\x02", bert::Limits(), CallerIn(rules::AUTHENTICATED));
  EXPECT_EQ(std::get<Refused>(result).code, v1::INVALID_DATA);
}

TEST(RouterTest, AllNamesOfAFeedHashAlike) {
  const v1::Caller caller = CallerIn(rules::AUTHENTICATED);
  v1::Message by_feed, reversed, by_to, other;
  by_feed.mutable_p2p()->set_from("380670001234_7");
  by_feed.mutable_p2p()->set_to("99_1");
  reversed.mutable_p2p()->set_from("99_1");
  reversed.mutable_p2p()->set_to("380670001234_7");
  by_to.set_from("380670001234_7");
  by_to.set_to("380670005555_9");
  other.set_to("380670005555_9");
  const wire::Route route;
  EXPECT_EQ(FeedHash(route, by_feed, caller), FeedHash(route, reversed, caller));
  EXPECT_EQ(FeedHash(route, by_to, caller), FeedHash(route, other, caller));
  EXPECT_NE(FeedHash(route, by_feed, caller), FeedHash(route, by_to, caller));
}

}  // namespace
}  // namespace chat::gateway

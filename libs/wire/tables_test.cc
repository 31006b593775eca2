#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "chat/v1/records.pb.h"
#include "libs/wire/record_table.h"
#include "libs/wire/route_table.h"

namespace chat::wire {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(std::string(getenv("CHAT_SOURCE_DIR")) + "/" + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(RecordTableTest, EveryDescriptorHasItsPlaceOnTheWire) {
  auto table = RecordTable::Build();
  ASSERT_TRUE(table.ok()) << table.status();
}

TEST(RecordTableTest, SlotsAreThoseOfTheSpecification) {
  auto records = nlohmann::json::parse(ReadFile("tests/contract/records.json"));
  // Extensions of PROTOCOL 3.15 that are not produced unless enabled.
  const std::set<std::string> later = {"Presence", "Ack", "Link", "act"};
  for (const auto& [tag, fields] : records.items()) {
    if (later.count(tag)) continue;
    const RecordType* type = RecordTable::Get().ByTag(tag);
    ASSERT_NE(type, nullptr) << tag;
    if (tag == "group") continue;  // accepted as muc
    std::vector<std::string> names;
    for (size_t i = 0; i < type->arity(); ++i) names.push_back(type->slots[i].name);
    EXPECT_EQ(names, fields.get<std::vector<std::string>>()) << tag;
  }
}

TEST(RecordTableTest, TheGoldenFilePinsTagArityAndSlots) {
  EXPECT_EQ(RecordTable::Get().Describe(), ReadFile("tests/contract/records.golden"))
      << "a moved field breaks every client; if it is meant, update tests/contract/records.golden";
}

TEST(RouteTableTest, TheGoldenFilePinsRoutesAndAccess) {
  auto table = RouteTable::Build();
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->Describe(), ReadFile("tests/contract/routes.golden"))
      << "if the change is meant, update tests/contract/routes.golden";
}

TEST(RouteTableTest, TheSelectorChoosesTheMethod) {
  v1::Friend request;
  request.set_status(v1::Friend::CONFIRM);
  const Route* route = RouteTable::Get().Find(*RecordTable::Get().ByTag("Friend"), request);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->path, "/chat.v1.FriendService/Confirm");
  EXPECT_EQ(route->service, "roster");
}

TEST(RouteTableTest, ARecordWithoutSelectorHasOneMethod) {
  v1::Init init;
  const Route* route = RouteTable::Get().Find(*RecordTable::Get().ByTag("init"), init);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->path, "/chat.v1.AuthService/Init");
}

TEST(RouteTableTest, AnUnsetSelectorHasNoRoute) {
  v1::Friend request;
  EXPECT_EQ(RouteTable::Get().Find(*RecordTable::Get().ByTag("Friend"), request), nullptr);
}

TEST(ErrorAtomsTest, EveryCodeHasAnAtomAndComesBack) {
  EXPECT_EQ(AtomOf(v1::TOO_MANY), "too_many");
  EXPECT_EQ(ErrorOf("roster_not_found"), v1::ROSTER_NOT_FOUND);
  EXPECT_EQ(ErrorOf("frobnicate"), v1::ERROR_CODE_UNSET);
}

}  // namespace
}  // namespace chat::wire

#include "services/roster/records.h"

#include <gtest/gtest.h>

namespace chat::roster {
namespace {

RosterRow Olena() {
  return {.id = {12525},
          .account = {7},
          .phone = "380670001234",
          .names = "Olena",
          .surnames = "Koval",
          .email = "olena@example.org",
          .nick = "olena_k",
          .avatar = std::nullopt,
          .update_ms = 1512993600123};
}

constexpr const char* kPublic =
    "phone_id: \"380670001234_12525\" names: \"Olena\" surnames: \"Koval\" nick: \"olena_k\"";

TEST(RecordsTest, ThePublicContactHasNoStatusAndNoEmail) {
  EXPECT_EQ(PublicContact(Olena(), false).ShortDebugString(),
            std::string(kPublic) + " update: 1512993600123 presence: OFFLINE");
}

TEST(RecordsTest, AStrangerSeesNoEmail) {
  const Seen seen{{State::kRequest, false, false}, false, true, 5};
  EXPECT_EQ(ContactRecord(Olena(), seen, v1::Contact::REQUEST).ShortDebugString(),
            std::string(kPublic) + " update: 1512993600123 presence: ONLINE status: REQUEST");
}

TEST(RecordsTest, AFriendSeesTheEmailTheOwnSettingsAndTheLaterOfBothUpdates) {
  const Seen seen{{State::kFriend, false, true}, false, true, 1600000000000};
  EXPECT_EQ(ContactRecord(Olena(), seen, v1::Contact::FRIEND).ShortDebugString(),
            "phone_id: \"380670001234_12525\" names: \"Olena\" surnames: \"Koval\" nick: "
            "\"olena_k\" email: \"olena@example.org\" update: 1600000000000 settings { id: "
            "\"380670001234_12525_MUTE\" key: \"MUTE\" value: \"true\" group: "
            "\"CONTACT_SETTINGS\" } presence: ONLINE status: FRIEND");
}

TEST(RecordsTest, ABarredPairSeesNoPresence) {
  const Seen seen{{State::kBanned, false, false}, true, true, 5};
  EXPECT_EQ(ContactRecord(Olena(), seen, v1::Contact::BANNED).presence(), v1::OFFLINE);
}

TEST(RecordsTest, WhoIsInThePhoneBookOnlyIsNotWatched) {
  const Seen seen{{State::kInternal, true, false}, false, true, 5};
  EXPECT_FALSE(ContactRecord(Olena(), seen, v1::Contact::INTERNAL).has_presence());
}

TEST(RecordsTest, ASearchShowsPresenceAndEmailToFriendsOnly) {
  const std::string shown = std::string(kPublic) + " update: 1512993600123";
  EXPECT_EQ(FoundContact(Olena(), State::kNone, true).ShortDebugString(), shown);
  EXPECT_EQ(FoundContact(Olena(), State::kAuthorization, true).ShortDebugString(),
            shown + " status: AUTHORIZATION");
  EXPECT_EQ(FoundContact(Olena(), State::kFriend, true).ShortDebugString(),
            std::string(kPublic) +
                " email: \"olena@example.org\" update: 1512993600123 presence: ONLINE"
                " status: FRIEND");
}

TEST(RecordsTest, AnEmptyRosterHasNothingButIdPhoneAndTime) {
  const RosterRow empty{.id = {3}, .account = {7}, .phone = "15551234567", .update_ms = 9};
  EXPECT_EQ(RosterHeader(empty, v1::Roster::STATUS_UNSET).ShortDebugString(),
            "id: 3 phone: \"15551234567\" update: 9");
}

}  // namespace
}  // namespace chat::roster

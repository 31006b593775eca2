#include "services/messaging/pg_object_uses.h"

#include "services/messaging/object_refs.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class ObjectUsesTest : public DatabaseTest {
 protected:
  // A message from 1 to 2 with an object, noted.
  MessageRow Sent(const std::string& msg_id, const std::string& object) {
    MessageRow row = Store(1, 2, msg_id);
    v1::Message message;
    message.add_files()->set_object(RefText(Account(1), object));
    EXPECT_TRUE(uses().Note(In(), ObjectUsesOf(row, message)).ok());
    return row;
  }
  PgObjectUses uses() { return PgObjectUses(pool()); }
  bool MayRead(int reader, const std::string& object, int uploader = 1) {
    auto may = uses().MayRead(In(), Account(reader), Account(uploader), {"another", object});
    EXPECT_TRUE(may.ok()) << may.status();
    return may.ok() && *may;
  }
};

TEST_F(ObjectUsesTest, BothHalvesOfAFeedReadWhatTheUploaderSentThere) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(2, 3);
  Sent("m", "photo");
  EXPECT_TRUE(MayRead(1, "photo"));
  EXPECT_TRUE(MayRead(2, "photo"));
  EXPECT_FALSE(MayRead(3, "photo"));
  EXPECT_FALSE(MayRead(2, "other"));
  EXPECT_FALSE(MayRead(2, "photo", 3)) << "another's object of this name";
  SetFriends(1, 2, false);
  EXPECT_TRUE(MayRead(2, "photo")) << "O28: history stays readable";
}

TEST_F(ObjectUsesTest, WhatIsRemovedIsReadNoMore) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow row = Sent("m", "photo");
  row.edited = true;
  EXPECT_TRUE(uses().Note(In(), ObjectUsesOf(row, v1::Message())).ok());
  EXPECT_FALSE(MayRead(2, "photo"));
}

TEST_F(ObjectUsesTest, AMessageWithoutObjectsIsNotNoted) {
  EXPECT_TRUE(ObjectUsesOf(MessageRow(), v1::Message()).empty());
}

}  // namespace
}  // namespace chat::messaging

#include "services/messaging/object_refs.h"

#include <gtest/gtest.h>

namespace chat::messaging {
namespace {

TEST(ObjectRefsTest, WhatMayBeALinkOfMediaFollowsTheTable) {
  struct Row {
    const char* payload;
    const char* id;  // nullptr: none
  };
  const Row rows[] = {
      {"/file/abc", "abc"},
      {"/file/a%20b?x=1", "a b"},
      {"http://media:8080/file/abc?expires=1&signature=2", "abc"},
      {"https://media/file/abc", "abc"},
      {"https://s3/bucket/pre/abc?X-Amz-Date=1&X-Amz-Signature=2", "abc"},
      {"https://s3/bucket/pre/abc", nullptr},
      {"https://else/path/file/abc", nullptr},
      {"/file/a/b", nullptr},
      {"/file/", nullptr},
      {"https://media", nullptr},
      {"see /file/abc", nullptr},
      {"hello", nullptr},
      {"", nullptr},
  };
  for (const Row& row : rows) {
    const std::optional<std::string> id = LinkedId(row.payload);
    EXPECT_EQ(id.has_value(), row.id != nullptr) << row.payload;
    EXPECT_EQ(id.value_or(""), row.id == nullptr ? "" : row.id);
  }
}

TEST(ObjectRefsTest, OnlyTheServerNamesObjects) {
  v1::Message message;
  message.add_files()->set_payload("hello");
  message.mutable_files(0)->set_object("7/forged");
  message.add_files()->set_payload("/file/abc");
  NameObjects(AccountId{12}, message.mutable_files());
  EXPECT_EQ(message.files(0).object(), "");
  EXPECT_EQ(message.files(1).object(), "12/abc");
  const std::optional<ObjectRef> ref = RefOf(message.files(1));
  ASSERT_TRUE(ref.has_value());
  EXPECT_EQ(ref->account, AccountId{12});
  EXPECT_EQ(ref->id, "abc");
}

TEST(ObjectRefsTest, ObjectsAreFoundWhereverTheyAre) {
  v1::Record record;
  v1::Message& message = *record.mutable_contact()->mutable_last_msg();
  message.add_files()->set_payload("text");
  EXPECT_TRUE(ObjectsIn(&record).empty());
  message.add_files()->set_object("1/a");
  ASSERT_EQ(ObjectsIn(&record).size(), 1u);
  v1::History history;
  *history.add_data() = message;
  *history.add_data() = message;
  EXPECT_EQ(ObjectsIn(&history).size(), 2u);
}

}  // namespace
}  // namespace chat::messaging

#include "libs/wire/translator.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "chat/v1/records.pb.h"
#include "libs/bert/decode.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"

namespace chat::wire {
namespace {

bert::Term Parse(const std::string& text) {
  auto term = bert::ParseErlangText(text);
  EXPECT_TRUE(term.ok()) << text;
  return term.term();
}

// What a request becomes when it is read and written again.
std::string Normal(const std::string& text) {
  auto record = Read(Parse(text));
  if (!record.ok())
    return std::string(record.status().message().data(), record.status().message().size());
  std::string payload;
  Write(*record->message, &payload);
  auto term = bert::Decode(payload);
  EXPECT_TRUE(term.ok());
  return bert::ToErlangText(term.term());
}

std::string Bytes(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::vector<nlohmann::json> Vectors(const std::string& file) {
  std::ifstream in(std::string(getenv("CHAT_SOURCE_DIR")) + "/tests/contract/vectors/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<nlohmann::json> vectors;
  for (std::string line; std::getline(in, line);) vectors.push_back(nlohmann::json::parse(line));
  return vectors;
}

TEST(TranslatorTest, EveryRecordOfTheVectorsIsWrittenByteForByte) {
  int checked = 0;
  for (const char* file : {"records.jsonl", "rpc_auth.jsonl", "rpc_person_profile.jsonl",
                           "rpc_roster.jsonl", "rpc_friend.jsonl", "rpc_message.jsonl",
                           "rpc_room.jsonl", "rpc_misc.jsonl", "rpc_init_io_ftp.jsonl"}) {
    for (const auto& vector : Vectors(file)) {
      const std::string name = vector["name"];
      const std::string hex = vector["hex"];
      auto term = bert::Decode(Bytes(hex));
      ASSERT_TRUE(term.ok()) << name;
      auto record = Read(term.term());
      // `created` is a time in milliseconds, also as decimal digits (2.5); a date is none.
      if (name.starts_with("full.Message.cur/")) {
        EXPECT_FALSE(record.ok()) << name;
        continue;
      }
      if (record.status().code() == absl::StatusCode::kNotFound) {
        // PROTOCOL 3.15 and O26: extensions that come with their own issue.
        const std::string text = vector["term"];
        const bool later = text.starts_with("{'Presence'") || text.starts_with("{'Ack'") ||
                           text.starts_with("{'Link'") || text.starts_with("{act,") ||
                           text.starts_with("{'Job'") || text.starts_with("{'Call'");
        EXPECT_TRUE(later) << name << " " << text;
        continue;
      }
      ASSERT_TRUE(record.ok()) << name << ": " << record.status();
      // An `io` without data, `[]` for 0 and the `group` of older clients are read, never written.
      if (record->unknown_selector || name.starts_with("default.io/") ||
          name.starts_with("History/get.default.request/") ||
          vector["term"].get<std::string>().find("{group,") != std::string::npos) {
        continue;
      }
      std::string payload;
      Write(*record->message, &payload);
      EXPECT_EQ(bert::ToErlangText(bert::Decode(payload).term()), vector["term"]) << name;
      EXPECT_EQ(payload, Bytes(hex)) << name;
      ++checked;
    }
  }
  EXPECT_GT(checked, 400);
}

TEST(TranslatorTest, LegacyLayoutsBecomeTheNormativeOne) {
  for (const auto& vector : Vectors("legacy.jsonl")) {
    const std::string name = vector["name"];
    auto term = bert::Decode(Bytes(vector["hex"]));
    ASSERT_TRUE(term.ok()) << name;
    auto record = Read(term.term());
    ASSERT_TRUE(record.ok()) << name << ": " << record.status();
    // Equality of requests: what the normal form is read as.
    auto normal = Read(Parse(vector["normal"]));
    ASSERT_TRUE(normal.ok()) << name << ": " << normal.status();
    std::string got, want;
    Write(*record->message, &got);
    Write(*normal->message, &want);
    EXPECT_EQ(bert::ToErlangText(bert::Decode(got).term()),
              bert::ToErlangText(bert::Decode(want).term()))
        << name;
  }
}

TEST(TranslatorTest, AShiftedRoomHasNothingInTheSlotThatItShifts) {
  const auto room = [](const std::string& fifth, const std::string& sixth) {
    return Read(Parse("{'Room',<<\"r\">>,[],[],[]," + fifth + "," + sixth +
                      ",[],[],[],[],[],[],[],[],mute}"));
  };
  EXPECT_TRUE(room("[]", "[]").ok());
  EXPECT_FALSE(room("[{'Desc',<<\"d\">>,[],[],[],[],[]}]", "[]").ok());
}

TEST(TranslatorTest, ARemovalOf2018IsAnEditWithoutFiles) {
  EXPECT_EQ(
      Normal("{'Message',7,[],[],[],[],[],[],[],[],[{'Desc',[],[],<<\"x\">>,[],[]}],[],[],[-1],"
             "[],[],delete}"),
      "{'Message',7,chain,[],[],[],[],[],[],[],[],[],[],-1,edit}");
}

TEST(TranslatorTest, FeaturesOfADescOf2018FillItsFields) {
  EXPECT_EQ(Normal("{'Desc',<<\"i\">>,<<\"image\">>,<<\"u\">>,[],"
                   "[{'Feature',[],<<\"SIZE\">>,<<\"12\">>,[]},"
                   "{'Feature',[],<<\"FILENAME\">>,<<\"a.jpg\">>,[]},"
                   "{'Feature',[],<<\"OTHER\">>,5,[]},7]}"),
            "{'Desc',<<\"i\">>,<<\"image\">>,<<\"u\">>,12,<<\"a.jpg\">>,[]}");
}

TEST(TranslatorTest, LenientFormsOfAFieldAreRead) {
  const std::string want = "{'Friend',<<\"a\">>,<<\"b\">>,request}";
  EXPECT_EQ(Normal("{'Friend',[97],{bert,string,'utf-8',<<\"b\">>},request}"), want);
  EXPECT_EQ(Normal("{'Friend',undefined,{bert,nil},request}"), "{'Friend',[],[],request}");
  EXPECT_EQ(Normal("{'Friend',<<>>,[],request}"), "{'Friend',<<>>,[],request}");
}

TEST(TranslatorTest, OfANestedContactWhateverItsLayoutTheFirstFieldIsRead) {
  const auto roster = [](const std::string& contacts) {
    return "{'Roster',1,[],[],[],[],[" + contacts + "],[],[],[],[],[],0,add}";
  };
  const std::string want =
      Normal(roster("{'Contact',<<\"a\">>,[],[],[],[],[],[],0,0,[],0,[],[],[]}"));
  for (const char* contact : {"{'Contact',<<\"a\">>}", "{'Contact',<<\"a\">>,1,2,3}",
                              "{'Contact',<<\"a\">>,[],[],[],[],0,0,[],0,0,[],[],offline,internal}",
                              "{'Contact',<<\"a\">>,[],[],[],[],[],[],0,0,[],0,[],[],nonsense}"}) {
    EXPECT_EQ(Normal(roster(contact)), want) << contact;
  }
  EXPECT_EQ(Normal(roster("{'Contact',1,2,3}")), "Contact.phone_id: not a binary");
  EXPECT_EQ(Normal("{'Contact',<<\"a\">>,1,2,3}"), "Contact: no layout with 4 fields");
}

TEST(TranslatorTest, ATypeMismatchNamesTheField) {
  EXPECT_EQ(Normal("{'Friend',5,<<\"b\">>,request}"), "Friend.phone_id: not a binary");
  EXPECT_EQ(Normal("{'Friend',<<\"b\">>,request}"), "Friend: no layout with 2 fields");
  EXPECT_EQ(Normal("{'History',[],[],[1|2],[],[],get}"), "History.size: not an integer of 64 bits");
}

TEST(TranslatorTest, AnUnknownSelectorIsToldApartFromAMismatch) {
  auto record = Read(Parse("{'Friend',[],[],frobnicate}"));
  ASSERT_TRUE(record.ok());
  EXPECT_TRUE(record->unknown_selector);
  EXPECT_FALSE(Read(Parse("{'Friend',[],[],<<\"request\">>}")).ok());
}

TEST(TranslatorTest, WhatIsNoRecordIsNotFound) {
  for (const char* text : {"5", "[]", "{}", "{5,6}", "{nobody,5}", "[{'Friend',[],[],request}]",
                           "{'friend',[],[],request}", "{'Record',[]}"}) {
    EXPECT_EQ(Read(Parse(text)).status().code(), absl::StatusCode::kNotFound) << text;
  }
}

TEST(TranslatorTest, TextIsCheckedWhereTheSpecificationSaysText) {
  auto roster = [](const std::string& names) {
    return Normal("{'Roster',1," + names + ",[],[],[],[],[],[],[],[],[],0,patch}");
  };
  EXPECT_EQ(roster("<<\"x\">>"), "Roster.names: too short");
  EXPECT_EQ(roster("<<255,255>>"), "Roster.names: not UTF-8 text");
  EXPECT_EQ(roster("<<97,0>>"), "Roster.names: not UTF-8 text");
  EXPECT_EQ(roster("<<\"" + std::string(33, 'x') + "\">>"), "Roster.names: too long");
  EXPECT_EQ(roster("<<>>"), "{'Roster',1,<<>>,[],[],[],[],[],[],[],[],[],0,patch}");
}

TEST(TranslatorTest, ATrailingFieldIsAnsweredWhereItCame) {
  const std::string head = "{ftp,<<\"i\">>,<<>>,<<>>,[],1,0,1,<<>>,<<\"init\">>";
  EXPECT_EQ(Normal(head + "}"), head + "}");
  EXPECT_EQ(Normal(head + ",[]}"), head + ",[]}");
  EXPECT_EQ(Normal(head + ",[{a,1}]}"), head + ",[{a,1}]}");
  EXPECT_EQ(Normal(head + ",[],[]}"), "ftp: no layout with 11 fields");
}

TEST(TranslatorTest, AHiddenFieldNeverShows) {
  v1::Desc desc;
  desc.set_object("secret");
  std::string payload;
  Write(desc, &payload);
  EXPECT_EQ(bert::ToErlangText(bert::Decode(payload).term()),
            "{'Desc',[],<<\"text\">>,[],0,[],[]}");
}

TEST(TranslatorTest, ManyIntegersAreWrittenAsErlangWould) {
  v1::Profile profile;
  profile.add_rosters()->set_id(5);
  profile.add_rosters()->set_id(7);
  std::string payload;
  Write(profile, &payload);
  auto term = bert::Decode(payload);
  ASSERT_TRUE(term.ok());
  EXPECT_EQ(bert::Encode(term.term()), payload);
}

}  // namespace
}  // namespace chat::wire

#include "libs/courier/outbox_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

namespace chat::courier {
namespace {

class OutboxFileTest : public testing::Test {
 protected:
  static absl::Status Carried(OutboxFile& outbox, Kind kind, const std::string& to,
                              const std::string& code, const std::string& text) {
    return outbox.Carry({.kind = kind, .to = to, .code = code, .text = text});
  }

  OutboxFileTest() {
    std::string pattern = testing::TempDir() + "outbox.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~OutboxFileTest() override { std::filesystem::remove_all(folder_); }

  std::vector<nlohmann::json> Lines(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  std::string folder_;
  FakeClock clock_;
};

TEST_F(OutboxFileTest, EachKindHasItsFileOfJsonLines) {
  OutboxFile outbox(folder_, clock_);
  ASSERT_TRUE(outbox.Check().ok());
  clock_.Advance(7);
  ASSERT_TRUE(Carried(outbox, Kind::kSms, "380670001234", "012345", "Say \"hi\"").ok());
  ASSERT_TRUE(Carried(outbox, Kind::kVoice, "380670001234", "1", "è").ok());
  ASSERT_TRUE(Carried(outbox, Kind::kEmail, "a@example.org", "2", "t").ok());
  nlohmann::json sms = {{"time", "2017-07-14T02:40:00.007Z"},
                        {"kind", "sms"},
                        {"to", "380670001234"},
                        {"code", "012345"},
                        {"text", "Say \"hi\""}};
  EXPECT_EQ(Lines("sms.jsonl"), std::vector<nlohmann::json>{sms});
  ASSERT_EQ(Lines("voice.jsonl").size(), 1u);
  EXPECT_EQ(Lines("voice.jsonl")[0]["kind"], "voice");
  ASSERT_EQ(Lines("email.jsonl").size(), 1u);
  EXPECT_EQ(Lines("email.jsonl")[0]["to"], "a@example.org");
}

TEST_F(OutboxFileTest, OnlyTheOwnerMayReadACode) {
  OutboxFile outbox(folder_, clock_);
  ASSERT_TRUE(Carried(outbox, Kind::kSms, "380670001234", "012345", "t").ok());
  struct stat entry {};
  ASSERT_EQ(stat((folder_ + "/sms.jsonl").c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0600u);
}

TEST_F(OutboxFileTest, WritersDoNotTearEachOthersLines) {
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([this, w] {
      OutboxFile outbox(folder_, clock_);
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(Carried(outbox, Kind::kSms, "1", std::to_string(w * 50 + i), "t").ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::set<std::string> codes;
  for (const nlohmann::json& line : Lines("sms.jsonl")) codes.insert(line["code"]);
  EXPECT_EQ(codes.size(), 200u);
}

TEST_F(OutboxFileTest, AMissingFolderIsToldByTheNameOfItsKey) {
  OutboxFile outbox(folder_ + "/none", clock_);
  EXPECT_EQ(outbox.Check().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(outbox.Check().message().find("outbox_dir"), absl::string_view::npos);
  EXPECT_EQ(Carried(outbox, Kind::kSms, "1", "2", "t").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chat::courier

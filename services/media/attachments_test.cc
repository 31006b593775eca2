#include "services/media/attachments.h"

#include <thread>

#include "libs/rpc/refusal.h"
#include "services/media/housekeeping.h"
#include "services/media/media_fixture.h"

namespace chat::media {
namespace {

class AttachmentsTest : public MediaFixture {
 protected:
  // Three parts without payload of message 7 of account 1.
  static v1::PrepareRequest Upload3(int64_t message = 7) {
    v1::PrepareRequest request;
    request.set_account_id(1);
    request.set_message_id(message);
    for (int i = 0; i < 3; ++i) {
      v1::PreparePart& part = *request.add_parts();
      part.set_index(i * 2);
      part.set_desc_id("d" + std::to_string(i));
      part.set_filename("dir/" + std::to_string(i) + ".png");
    }
    return request;
  }
  std::vector<std::string> Prepare(const v1::PrepareRequest& request = Upload3()) {
    auto reply = attachments_.Prepare(Background(), request);
    EXPECT_TRUE(reply.ok()) << reply.status();
    if (!reply.ok()) return {};
    return {reply->links().begin(), reply->links().end()};
  }
  static rpc::Call Background() { return rpc::Background(std::chrono::seconds(10)); }
  absl::Status Put(const std::string& link, const std::string& bytes) {
    const std::string path = link.substr(std::string("http://media/file/").size());
    auto body =
        attachments_.Accept({path.substr(0, path.find('?')), path.substr(path.find('?') + 1),
                             static_cast<int64_t>(bytes.size()), "image/png"});
    if (!body.ok()) return body.status();
    absl::Status written = (*body)->Write(bytes);
    return written.ok() ? (*body)->Finish() : written;
  }
  static v1::CompleteRequest Completion(
      const std::vector<std::pair<std::string, std::string>>& parts, int64_t size = 0,
      int64_t account = 1) {
    v1::CompleteRequest request;
    request.set_account_id(account);
    request.set_message_id(7);
    for (const auto& [id, payload] : parts) {
      v1::CompletePart& part = *request.add_parts();
      part.set_desc_id(id);
      part.set_payload(payload);
      part.set_size(size);
    }
    return request;
  }
  // "object:size" of each part, or the refusal.
  std::string Complete(const v1::CompleteRequest& request) {
    auto reply = attachments_.Complete(Background(), request);
    if (!reply.ok()) return v1::ErrorCode_Name(*rpc::RefusalOf(reply.status()));
    std::string text;
    for (const v1::CompletedPart& part : reply->parts()) {
      text += (part.object().empty() ? "-" : "o") + std::to_string(part.size()) + " ";
    }
    return text;
  }
  std::string Link(int64_t account, const std::string& object, const std::string& payload = "") {
    v1::RenderRequest request;
    v1::RenderPart& part = *request.add_parts();
    part.set_account_id(account);
    part.set_object(object);
    part.set_payload(payload);
    auto reply = attachments_.Render(Background(), request);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->parts(0).link() : "";
  }
  int64_t Used() { return std::stoll(Exec("SELECT coalesce(sum(bytes), 0) FROM media.usage")); }

  Attachments attachments_{*attachment_store_,
                           *files_,
                           links_,
                           local_,
                           local_,
                           {.object_bytes = 600, .account_bytes = 1000, .open_parts = 5}};
};

TEST_F(AttachmentsTest, AnUploadGoesFromPrepareToALink) {
  const std::vector<std::string> links = Prepare();
  ASSERT_EQ(links.size(), 3u);
  EXPECT_TRUE(Put(links[0], "zero").ok());
  EXPECT_TRUE(Put(links[1], "first").ok());
  EXPECT_EQ(Complete(Completion({{"d0", ""}, {"any", links[1]}, {"x", "https://else/where"}})),
            "o4 o5 -0 ");
  const std::string name = Exec("SELECT name FROM media.object WHERE part = 0");
  const std::string link = Link(1, name);
  EXPECT_EQ(link.rfind("http://media/file/" + name + "?expires=", 0), 0u) << link;
  EXPECT_EQ(Exec("SELECT content_type FROM media.object WHERE part = 0"), "image/png");
  EXPECT_EQ(Exec("SELECT filename::text FROM media.object WHERE part = 0"), "\\x302e706e67");
  EXPECT_EQ(Used(), 9);
}

TEST_F(AttachmentsTest, PreparingAgainGivesTheSameObjects) {
  const std::vector<std::string> first = Prepare();
  EXPECT_TRUE(Put(first[0], "zero").ok());
  const std::vector<std::string> again = Prepare();
  ASSERT_EQ(again.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again[i].substr(0, again[i].find('?')), first[i].substr(0, first[i].find('?')));
  }
  EXPECT_EQ(Exec("SELECT count(*) FROM media.object"), "3");
}

TEST_F(AttachmentsTest, OpenPartsAreLimited) {
  Prepare();
  auto refused = attachments_.Prepare(Background(), Upload3(8));
  EXPECT_EQ(rpc::RefusalOf(refused.status()), v1::TOO_MANY);
  EXPECT_EQ(Exec("SELECT count(*) FROM media.object"), "3");
  Prepare();  // those that are there are answered
}

TEST_F(AttachmentsTest, WhatIsNotThereOrOfAnotherSizeIsRefused) {
  const std::vector<std::string> links = Prepare();
  EXPECT_EQ(Complete(Completion({{"d0", ""}})), "INVALID_DATA");
  EXPECT_TRUE(Put(links[0], "zero").ok());
  EXPECT_EQ(Complete(Completion({{"d0", ""}}, 5)), "INVALID_DATA");
  EXPECT_EQ(Complete(Completion({{"unknown", ""}})), "INVALID_DATA");
  EXPECT_EQ(Complete(Completion({{"d0", ""}, {"d0", ""}})), "INVALID_DATA");
  EXPECT_EQ(Complete(Completion({{"d0", ""}}, 0, 2)), "INVALID_DATA") << "not the uploader";
  EXPECT_EQ(Complete(Completion({{"d0", ""}}, 4)), "o4 ");
  EXPECT_EQ(Complete(Completion({{"d0", ""}}, 4)), "o4 ") << "again";
}

TEST_F(AttachmentsTest, WhatIsCompleteNeverChanges) {
  const std::vector<std::string> links = Prepare();
  EXPECT_TRUE(Put(links[0], "zero").ok());
  EXPECT_TRUE(Put(links[0], "other").ok());
  EXPECT_EQ(Complete(Completion({{"d0", ""}})), "o5 ");
  EXPECT_EQ(Put(links[0], "late").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Used(), 5);
  EXPECT_EQ(FilesLeft(), 1);
}

TEST_F(AttachmentsTest, APutKeepsToTheLimits) {
  const std::vector<std::string> links = Prepare();
  EXPECT_EQ(Put(links[0], std::string(601, 'a')).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(Put(links[0], std::string(600, 'a')).ok());
  EXPECT_EQ(Put(links[1], std::string(401, 'a')).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Put(links[0], std::string(500, 'a')).ok());
  EXPECT_TRUE(Put(links[1], std::string(401, 'a')).ok());
  EXPECT_EQ(Put(links[2] + "0", "a").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(FilesLeft(), 2);
}

TEST_F(AttachmentsTest, OnlyTheUploadersObjectsAreLinkedAndOnlyOnceComplete) {
  const std::vector<std::string> links = Prepare();
  EXPECT_TRUE(Put(links[0], "zero").ok());
  const std::string name = Exec("SELECT name FROM media.object WHERE part = 0");
  EXPECT_EQ(Link(1, name), "");
  EXPECT_EQ(Complete(Completion({{"d0", ""}})), "o4 ");
  EXPECT_NE(Link(1, name), "");
  EXPECT_EQ(Link(2, name), "");
  EXPECT_NE(Link(1, "", "/file/" + name), "");
  EXPECT_NE(Link(1, "", Link(1, name)), "") << "a forwarded link is linked afresh";
  EXPECT_EQ(Link(1, "", "https://else/file/" + name), "");
  EXPECT_EQ(Link(1, "", "text"), "");
}

TEST_F(AttachmentsTest, AFileThatCameByFtpIsLinkedByItsTransferId) {
  Upload("ftp 1", "0123");
  EXPECT_NE(Link(1, "", "http://media/file/ftp%201"), "");
  EXPECT_EQ(Link(2, "", "http://media/file/ftp%201"), "");
  Prepare();
  EXPECT_EQ(Complete(Completion({{"d0", "/file/ftp%201"}})), "o4 ");
}

TEST_F(AttachmentsTest, WhatIsNotCompletedInTimeIsRemoved) {
  const std::vector<std::string> links = Prepare();
  EXPECT_TRUE(Put(links[0], "zero").ok());
  EXPECT_TRUE(Put(links[1], "first").ok());
  EXPECT_EQ(Complete(Completion({{"d0", ""}})), "o4 ");
  Exec("UPDATE media.object SET touched = now() - interval '2 days'");
  EXPECT_EQ(RemoveIdleUploads(*store_, EraseFile(), 86'400), 2);
  EXPECT_EQ(Used(), 4);
  EXPECT_EQ(FilesLeft(), 1);
  EXPECT_EQ(Put(links[1], "first").code(), absl::StatusCode::kNotFound);
}

TEST_F(AttachmentsTest, ABodyThatIsGivenUpLeavesNothing) {
  const std::vector<std::string> links = Prepare();
  const std::string path = links[0].substr(std::string("http://media/file/").size());
  {
    auto body = attachments_.Accept(
        {path.substr(0, path.find('?')), path.substr(path.find('?') + 1), 10, "image/png"});
    ASSERT_TRUE(body.ok()) << body.status();
    EXPECT_TRUE((*body)->Write("half").ok());
    EXPECT_EQ(FilesLeft(), 1);
  }
  EXPECT_EQ(FilesLeft(), 0);
  EXPECT_EQ(Complete(Completion({{"d0", ""}})), "INVALID_DATA");
}

TEST_F(AttachmentsTest, ReplicasAgreeOnOneSecret) {
  const auto first = attachment_store_->Secret(Soon(), "links", "one");
  EXPECT_EQ(*first, "one");
  EXPECT_EQ(*attachment_store_->Secret(Soon(), "links", "two"), "one");
  Exec("DELETE FROM media.secret");
}

}  // namespace
}  // namespace chat::media

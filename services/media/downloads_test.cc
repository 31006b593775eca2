#include "services/media/downloads.h"

#include <grpcpp/server_builder.h>

#include "services/media/media_fixture.h"

namespace chat::media {
namespace {

// Knows "token-<account>".
class TokenAuth final : public v1::AuthInternal::Service {
 public:
  grpc::Status Whose(grpc::ServerContext*, const v1::TokenRequest* request,
                     v1::TokenReply* reply) override {
    if (request->token() == "broken") return {grpc::StatusCode::UNAVAILABLE, "away"};
    if (request->token().substr(0, 6) == "token-") {
      reply->set_account_id(std::stoll(request->token().substr(6)));
    }
    return grpc::Status::OK;
  }
};

// Account 3 may read what account 1 sent under the name or the transfer id "u".
class SomeFeeds final : public v1::FeedsInternal::Service {
 public:
  grpc::Status MayRead(grpc::ServerContext*, const v1::MayReadRequest* request,
                       v1::MayReadReply* reply) override {
    for (const std::string& name : request->names()) {
      if (name == "u" && request->uploader() == 1 && request->account_id() == 3) {
        reply->set_may(true);
      }
    }
    return grpc::Status::OK;
  }
};

class DownloadsTest : public MediaFixture {
 protected:
  DownloadsTest()
      : server_(
            grpc::ServerBuilder().RegisterService(&auth_).RegisterService(&feeds_).BuildAndStart()),
        auth_stub_(v1::AuthInternal::NewStub(server_->InProcessChannel({}))),
        feeds_stub_(v1::FeedsInternal::NewStub(server_->InProcessChannel({}))),
        downloads_(*attachment_store_, *files_, links_, local_, {*auth_stub_, *feeds_stub_}) {}

  absl::StatusOr<Download> Find(const std::string& token, const std::string& id) {
    return downloads_.Find({id, "", token});
  }

  TokenAuth auth_;
  SomeFeeds feeds_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AuthInternal::Stub> auth_stub_;
  std::unique_ptr<v1::FeedsInternal::Stub> feeds_stub_;
  Downloads downloads_;
};

TEST_F(DownloadsTest, TheUploaderReadsWhatItStored) {
  Upload("u", "0123");
  const auto found = Find("token-1", "u");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->size, 4);
  EXPECT_EQ(found->filename, "photo.jpg");
  EXPECT_EQ(*found->file->Read(1, 2), "12");
}

TEST_F(DownloadsTest, NobodyElseDoesAndNothingTellsThatItIsThere) {
  Upload("u", "0123");
  Step(Init("half", 10));
  EXPECT_EQ(Find("token-2", "u").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Find("token-1", "half").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Find("token-1", "unknown").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(DownloadsTest, WhoMayReadAFeedInWhichTheUploaderSentItMayReadIt) {
  Upload("u", "0123");
  const auto found = Find("token-3", "u");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->size, 4);
  // The own one of that name comes first.
  Upload("u", "012345", 3);
  EXPECT_EQ(Find("token-3", "u")->size, 6);
}

TEST_F(DownloadsTest, ALinkReadsWithoutATokenUntilItExpires) {
  Upload("u", "0123");
  const std::string name = Exec("SELECT name FROM media.object");
  const std::string link = links_.Make(SignedLinks::Right::kRead, name, 4'000'000'000);
  const std::string query = link.substr(link.find('?') + 1);
  const auto found = downloads_.Find({name, query, ""});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found->file->Read(0, 4), "0123");
  const std::string late = links_.Make(SignedLinks::Right::kRead, name, 1);
  const std::string write = links_.Make(SignedLinks::Right::kWrite, name, 4'000'000'000);
  for (const std::string& wrong :
       {late.substr(late.find('?') + 1), write.substr(write.find('?') + 1), query + "0"}) {
    EXPECT_EQ(downloads_.Find({name, wrong, "token-1"}).status().code(),
              absl::StatusCode::kPermissionDenied)
        << wrong;
  }
}

TEST_F(DownloadsTest, ATokenOfNobodyIsNotAdmitted) {
  Upload("u", "0123");
  for (const std::string& token : {std::string("wrong"), std::string(), std::string(256, 'a')}) {
    EXPECT_EQ(Find(token, "u").status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(DownloadsTest, WithoutAuthNothingIsSaidOfTheToken) {
  EXPECT_EQ(Find("broken", "u").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chat::media

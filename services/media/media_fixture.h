// For tests: the parts of chat-media on a database and a folder of their own. Needs CHAT_TEST_PG (a
// superuser's postgresql://…).
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "libs/rpc/call.h"
#include "services/media/local_space.h"
#include "services/media/pg_attachment_store.h"
#include "services/media/pg_object_store.h"
#include "services/media/transfers.h"

namespace chat::media {

class MediaFixture : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  MediaFixture();
  ~MediaFixture() override;

  static constexpr char kToken[] = "token";
  static pg::Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }
  // Past the pool; the first column of the first row.
  std::string Exec(const std::string& sql);
  static rpc::Call As(int64_t account);
  static v1::Ftp Init(const std::string& id, int64_t size);
  static v1::Ftp Block(const std::string& id, int64_t size, int64_t offset,
                       const std::string& data);
  v1::FtpAck Step(const v1::Ftp& ftp, int64_t account = 1);
  // A whole upload in one block.
  void Upload(const std::string& id, const std::string& data, int64_t account = 1);
  int64_t FilesLeft() const;
  ObjectStore::Erase EraseFile() const {
    return [this](const StoredPlace& place) { return files_->Erase(place.id); };
  }

  std::string folder_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<PgObjectStore> store_;
  std::unique_ptr<PgAttachmentStore> attachment_store_;
  std::unique_ptr<ObjectFiles> files_;
  SignedLinks links_{"http://media", "secret"};
  LocalSpace local_{links_, {}};
  TransferLimits limits_{.quota = {.account_bytes = 1000, .object_bytes = 600, .unfinished = 3},
                         .block_bytes = 100,
                         .max_packet = 1 << 20};
  std::unique_ptr<Transfers> transfers_;
};

}  // namespace chat::media

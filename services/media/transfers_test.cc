#include "services/media/transfers.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "services/media/housekeeping.h"
#include "services/media/media_fixture.h"

namespace chat::media {
namespace {

class TransfersTest : public MediaFixture {
 protected:
  std::string Stored(const std::string& id, int64_t account = 1) {
    const auto found = attachment_store_->Find(Soon(), {{AccountId{account}, id}});
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok() || !(*found)[0]) return "(none)";
    const auto file = files_->Open((*found)[0]->id);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *(*file)->Read(0, static_cast<size_t>((*found)[0]->size)) : "";
  }
  static void ExpectRefused(const v1::FtpAck& ack, int64_t offset) {
    EXPECT_EQ(ack.status(), "send");
    EXPECT_EQ(ack.block(), 0);
    EXPECT_EQ(ack.offset(), offset);
    EXPECT_TRUE(ack.has_sid());
    EXPECT_EQ(ack.sid(), "");
  }
  std::string PathOf(const std::string& id) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file() &&
          entry.path().filename() ==
              Exec("SELECT id FROM media.object WHERE transfer_id = '" + id + "'::bytea")) {
        return entry.path();
      }
    }
    return "";
  }
};

TEST_F(TransfersTest, OptionsAreEchoedWhereTheyCame) {
  v1::Ftp ftp = Init("u", 10);
  EXPECT_FALSE(Step(ftp).has_options());
  ftp.set_options("\x6a");
  EXPECT_EQ(Step(ftp).options(), "\x6a");
  ftp.set_sid("wrong");
  EXPECT_EQ(Step(ftp).options(), "\x6a");
}

TEST_F(TransfersTest, AnUploadGoesFromInitToTheLastBlock) {
  const v1::FtpAck open = Step(Init("u", 10));
  EXPECT_EQ(open.id(), "u");
  EXPECT_EQ(open.sid(), kToken);
  EXPECT_EQ(open.filename(), "photo.jpg");
  EXPECT_EQ(open.meta(), "meta");
  EXPECT_EQ(open.size(), 10);
  EXPECT_EQ(open.offset(), 0);
  EXPECT_EQ(open.block(), 100);
  EXPECT_TRUE(open.has_data());
  EXPECT_EQ(open.data(), "");
  EXPECT_EQ(open.status(), "init");
  const v1::FtpAck next = Step(Block("u", 10, 0, "0123"));
  EXPECT_EQ(next.sid(), kToken);
  EXPECT_EQ(next.offset(), 4);
  EXPECT_EQ(next.block(), 100);
  EXPECT_EQ(next.status(), "send");
  EXPECT_EQ(Stored("u"), "(none)") << "not before it is whole";
  const v1::FtpAck last = Step(Block("u", 10, 4, "456789"));
  EXPECT_EQ(last.sid(), "");
  EXPECT_EQ(last.offset(), 10);
  EXPECT_EQ(last.block(), 0);
  EXPECT_EQ(last.status(), "send");
  EXPECT_EQ(Stored("u"), "0123456789");
}

TEST_F(TransfersTest, WhatALastBlockHasBeyondTheSizeIsNotKept) {
  Step(Init("u", 4));
  const v1::FtpAck last = Step(Block("u", 4, 0, "012345"));
  EXPECT_EQ(last.offset(), 4);
  EXPECT_EQ(last.block(), 0);
  EXPECT_EQ(Stored("u"), "0123");
}

TEST_F(TransfersTest, AnEmptyFileIsWholeAfterOneEmptyBlock) {
  Step(Init("u", 0));
  const v1::FtpAck last = Step(Block("u", 0, 0, ""));
  EXPECT_EQ(last.block(), 0);
  EXPECT_EQ(last.offset(), 0);
  EXPECT_EQ(Stored("u"), "");
}

TEST_F(TransfersTest, ARepeatedBlockIsAcknowledgedWithoutWriting) {
  Step(Init("u", 10));
  Step(Block("u", 10, 0, "0123"));
  const v1::FtpAck again = Step(Block("u", 10, 0, "abcd"));
  EXPECT_EQ(again.offset(), 4);
  EXPECT_EQ(again.block(), 100);
  Step(Block("u", 10, 4, "456789"));
  const v1::FtpAck last = Step(Block("u", 10, 4, "xxxxxx"));
  EXPECT_EQ(last.offset(), 10);
  EXPECT_EQ(last.block(), 0);
  EXPECT_EQ(last.sid(), "");
  EXPECT_EQ(Stored("u"), "0123456789");
}

TEST_F(TransfersTest, AnUploadIsResumedWhereItStopped) {
  Step(Init("u", 10));
  Step(Block("u", 10, 0, "0123"));
  EXPECT_EQ(Step(Init("u", 10)).offset(), 4);
  EXPECT_EQ(Step(Block("u", 10, 4, "456789")).block(), 0);
  EXPECT_EQ(Step(Init("u", 10)).offset(), 10) << "a whole one is complete, not begun again";
}

TEST_F(TransfersTest, BytesThatACrashLeftBehindAreCutOff) {
  Step(Init("u", 10));
  Step(Block("u", 10, 0, "0123"));
  std::ofstream(PathOf("u"), std::ios::app) << "garbage of a block whose offset was not recorded";
  EXPECT_EQ(Step(Init("u", 10)).offset(), 4);
  Step(Block("u", 10, 4, "456789"));
  EXPECT_EQ(Stored("u"), "0123456789");
  EXPECT_EQ(std::filesystem::file_size(PathOf("u")), 10u);
}

TEST_F(TransfersTest, AnUploadWhoseBytesAreGoneBeginsAgain) {
  Step(Init("u", 10));
  Step(Block("u", 10, 0, "0123"));
  std::filesystem::resize_file(PathOf("u"), 2);
  ExpectRefused(Step(Block("u", 10, 4, "456789")), 0);
  EXPECT_EQ(Step(Init("u", 10)).offset(), 0);
  EXPECT_EQ(Step(Block("u", 10, 0, "0123456789")).block(), 0);
  EXPECT_EQ(Stored("u"), "0123456789");
}

TEST_F(TransfersTest, ACancelledUploadIsForgotten) {
  Step(Init("u", 10));
  Step(Block("u", 10, 0, "0123"));
  EXPECT_EQ(FilesLeft(), 1);
  v1::Ftp cancel = Init("u", 10);
  cancel.set_block(0);
  const v1::FtpAck ack = Step(cancel);
  EXPECT_EQ(ack.status(), "init");
  EXPECT_EQ(ack.block(), 0);
  EXPECT_EQ(FilesLeft(), 0);
  EXPECT_EQ(Exec("SELECT bytes FROM media.usage WHERE account_id = 1"), "0");
  ExpectRefused(Step(Block("u", 10, 4, "456789")), 0);
  EXPECT_EQ(Step(cancel).block(), 0) << "again";
}

TEST_F(TransfersTest, AFinishedObjectSurvivesCancelAndOtherSizes) {
  Upload("u", "0123");
  v1::Ftp cancel = Init("u", 4);
  cancel.set_block(0);
  EXPECT_EQ(Step(cancel).status(), "init");
  ExpectRefused(Step(Init("u", 3)), 2);
  ExpectRefused(Step(Init("u", 5)), 4);
  EXPECT_EQ(Stored("u"), "0123");
}

TEST_F(TransfersTest, AForeignOrMissingSidIsRefused) {
  for (const char* sid : {"", "tokem", "toke", "token2"}) {
    v1::Ftp ftp = Init("u", 10);
    ftp.set_sid(sid);
    ExpectRefused(Step(ftp), 0);
  }
  v1::Ftp none = Init("u", 10);
  none.clear_sid();
  ExpectRefused(Step(none), 0);
  rpc::Call untold = As(1);
  untold.caller.clear_token();
  none.set_sid("");
  const auto ack = transfers_->Handle(untold, none);
  ASSERT_TRUE(ack.ok());
  ExpectRefused(*ack, 0);
  EXPECT_EQ(Exec("SELECT count(*) FROM media.object"), "0");
}

TEST_F(TransfersTest, WrongStepsAreRefusedAndChangeNothing) {
  ExpectRefused(Step(Block("unknown", 10, 0, "0123")), 0);
  Step(Init("u", 10));
  Step(Block("u", 10, 0, "0123"));
  ExpectRefused(Step(Block("u", 10, 5, "5")), 4);
  ExpectRefused(Step(Block("u", 10, 3, "345")), 4);
  ExpectRefused(Step(Block("u", 11, 4, "4")), 4);
  v1::Ftp wrong_length = Block("u", 10, 4, "456789");
  wrong_length.set_block(5);
  ExpectRefused(Step(wrong_length), 4);
  v1::Ftp wrong_status = Block("u", 10, 4, "456789");
  wrong_status.set_status("done");
  ExpectRefused(Step(wrong_status), 0);
  ExpectRefused(Step(Init("", 10)), 0);
  ExpectRefused(Step(Init(std::string(256, 'a'), 10)), 0);
  ExpectRefused(Step(Init("v", -1)), 0);
  ExpectRefused(Step(v1::Ftp()), 0);
  EXPECT_EQ(Step(Init("u", 10)).offset(), 4);
}

TEST_F(TransfersTest, AnotherAccountsUploadIsAnotherOne) {
  Step(Init("u", 10), 1);
  Step(Block("u", 10, 0, "0123"), 1);
  ExpectRefused(Step(Block("u", 10, 4, "456789"), 2), 0);
  EXPECT_EQ(Step(Init("u", 10), 2).offset(), 0);
  Upload("w", "two", 2);
  EXPECT_EQ(Stored("w", 1), "(none)");
}

TEST_F(TransfersTest, LimitsOfSizeQuotaAndNumberHold) {
  ExpectRefused(Step(Init("large", 601)), 0);
  EXPECT_EQ(Step(Init("a", 600)).status(), "init");
  ExpectRefused(Step(Init("b", 401)), 0);
  EXPECT_EQ(Step(Init("b", 300)).status(), "init");
  EXPECT_EQ(Step(Init("b", 400)).status(), "init") << "a larger size within the quota";
  EXPECT_EQ(Step(Init("c", 0)).status(), "init");
  ExpectRefused(Step(Init("d", 0)), 0);
  EXPECT_EQ(Step(Block("c", 0, 0, "")).block(), 0);
  EXPECT_EQ(Step(Init("d", 0)).status(), "init") << "a whole one no longer counts as unfinished";
  EXPECT_EQ(Step(Init("a", 600), 2).status(), "init") << "another phone has its own";
  EXPECT_EQ(Exec("SELECT bytes FROM media.usage WHERE account_id = 1"), "1000");
}

TEST_F(TransfersTest, TwoWritersOfOneUploadDoNotMix) {
  constexpr int kBlocks = 20;
  Step(Init("u", kBlocks));
  const auto send = [&](const std::string& byte) {
    for (int i = 0; i < kBlocks;) {
      const v1::FtpAck ack = Step(Block("u", kBlocks, i, byte));
      i = static_cast<int>(ack.offset());
      if (ack.block() == 0 && i < kBlocks) i = static_cast<int>(Step(Init("u", kBlocks)).offset());
    }
  };
  std::thread other([&] { send("b"); });
  send("a");
  other.join();
  const std::string whole = Stored("u");
  EXPECT_EQ(whole.size(), static_cast<size_t>(kBlocks));
  EXPECT_EQ(whole.find_first_not_of("ab"), std::string::npos);
}

TEST_F(TransfersTest, UploadsThatWaitTooLongAreRemovedAndOthersAreNot) {
  Step(Init("old", 10));
  Step(Block("old", 10, 0, "0123"));
  Upload("whole", "0123");
  Exec("UPDATE media.object SET touched = now() - interval '25 hours'");
  Step(Init("young", 10));
  EXPECT_EQ(RemoveIdleUploads(*store_, EraseFile(), 86'400), 1);
  ExpectRefused(Step(Block("old", 10, 4, "456789")), 0);
  EXPECT_EQ(Stored("whole"), "0123");
  EXPECT_EQ(Step(Init("young", 10)).status(), "init");
  EXPECT_EQ(Exec("SELECT bytes FROM media.usage WHERE account_id = 1"), "14");
}

TEST_F(TransfersTest, ADiskThatRefusesIsNoAcknowledgement) {
  Step(Init("u", 10));
  std::filesystem::remove_all(folder_);
  const auto ack = transfers_->Handle(As(1), Block("u", 10, 0, "0123"));
  EXPECT_EQ(ack.status().code(), absl::StatusCode::kUnavailable);
  std::filesystem::create_directory(folder_);
  EXPECT_EQ(Step(Block("u", 10, 0, "0123")).offset(), 4) << "repeating it is safe";
}

}  // namespace
}  // namespace chat::media

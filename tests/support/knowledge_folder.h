#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace weir::test {

// A folder with the tables of Knowledge::Load: Chat (messaging) and Drive (cloud storage).
// One at a time in a process; gone with the object.
class KnowledgeFolder {
 public:
  KnowledgeFolder() : path_(std::filesystem::temp_directory_path() / ("weir-knowledge-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "facts");
    Write("apps.tsv", "Chat\tmessaging\nDrive\tcloud-storage\n");
    Write("facts/messaging.tsv",
          "Chat\tname\t.chat.example\tcertain\ta book\t\n"
          "Chat\tname\tp#-chat.big.example\tprobable\ta book\t\n"
          "Chat\tname\t*-my.big.example\tguess\ta book\t\n"
          "Chat\tname\tapi.big.example\tsupport\ta book\tothers use it too\n"
          "Chat\taddress\t192.0.2.0/24\tprobable\ta book\t\n"
          "Chat\taddress\t2001:db8::/32\tcertain\ta book\t\n"
          "Chat\taddress\t198.51.100.0/24\tsupport\ta book\t\n"
          "Chat\tissuer\tO=Chat Inc\tprobable\ta book\t\n"
          "Chat\tsubject\tCN=Chat\tprobable\ta book\t\n"
          "Chat\tpayload\t|01 02|@0\tcertain\ta book\tsee payload.rules\n");
    Write("facts/cloud-storage.tsv",
          "Drive\tname\tdrive.big.example\tprobable\ta book\t\n"
          "Drive\taddress\t192.0.2.128/25\tcertain\ta book\t\n");
    Write("exclude.tsv", ".big.example\n");
    Write("ndpi.tsv", "nChat\tChat\tprobable\n");
  }
  ~KnowledgeFolder() { std::filesystem::remove_all(path_); }
  void Write(const char* file, const std::string& text) { std::ofstream(path_ / file) << text; }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace weir::test

#include "dataplane/control/startup.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "signatures/compile/compiler.h"

namespace weir {
namespace fs = std::filesystem;
namespace {

using Defects = std::vector<std::string>;

bool ReadText(const std::string& path, std::string& text, Defects& defects) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  text = all.str();
  if (in.good() || in.eof()) {
    if (fs::is_regular_file(path)) return true;
  }
  defects.push_back(path + ":1:1: the file cannot be read");
  return false;
}

// A file itself; of a folder its *.rules by name.
void AddRuleFiles(const std::string& path, std::vector<CompileInput>& inputs, Defects& defects) {
  std::vector<std::string> files;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    for (const auto& entry : fs::directory_iterator(path, ignored)) {
      if (entry.path().extension() == ".rules") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  for (const std::string& file : files) {
    CompileInput input{file, {}};
    if (ReadText(file, input.text, defects)) inputs.push_back(std::move(input));
  }
}

class Loader {
 public:
  Loader(const StartupOptions& options) : options_(options), data_(ShippedData()) {}

  tl::expected<Startup, Defects> Load() {
    Startup startup;
    auto generation = std::make_shared<Generation>();
    ReadConfig(startup.config);
    auto apps = std::make_shared<AppRegistry>();
    ReadKnowledge(*apps, *generation);
    ReadRules(*apps, *generation);
    ReadPolicy(startup.config, *apps, *generation);
    generation->apps = apps;
    if (!defects_.empty()) return tl::unexpected(defects_);
    startup.generation = generation;
    return startup;
  }

 private:
  void Append(const Defects& more) { defects_.insert(defects_.end(), more.begin(), more.end()); }

  void ReadConfig(Config& config) {
    std::string text;
    if (!options_.config.empty() && ReadText(options_.config, text, defects_)) {
      if (auto loaded = LoadConfig(options_.config, text))
        config = *loaded;
      else
        Append(loaded.error());
    }
    for (const std::string& setting : options_.settings) {
      if (const auto set = ApplySetting(config, setting); !set) defects_.push_back(set.error().what);
    }
  }

  void ReadKnowledge(AppRegistry& apps, Generation& generation) {
    if (data_.empty())
      return defects_.push_back(
          "the shipped data is neither in this checkout (signatures/data) nor in /usr/share/weir");
    if (auto loaded = Knowledge::Load(data_, apps))
      generation.knowledge = *loaded;
    else
      defects_.push_back(loaded.error().what);
  }

  void ReadRules(const AppRegistry& apps, Generation& generation) {
    std::vector<CompileInput> inputs;
    const bool only = !options_.only_rules.empty();
    if (!only && !data_.empty()) AddRuleFiles(data_ + "/rules", inputs, defects_);
    for (const std::string& path : only ? options_.only_rules : options_.add_rules)
      AddRuleFiles(path, inputs, defects_);
    auto compiled = CompileRules(inputs, apps);
    if (compiled) {
      generation.rules = std::move(*compiled);
    } else {
      for (const Diagnostic& defect : compiled.error()) defects_.push_back(Format(defect));
    }
  }

  void ReadPolicy(const Config& config, const AppRegistry& apps, Generation& generation) {
    std::string file = options_.policy.empty() ? config.policy_file : options_.policy;
    if (file == "none") {
      generation.policy = Policy::PassAll();
      return;
    }
    if (file.empty()) file = data_ + "/policy.yaml";
    std::string text;
    if (!ReadText(file, text, defects_)) return;
    if (auto loaded = LoadPolicy(file, text, apps))
      generation.policy = std::move(*loaded);
    else
      Append(loaded.error());
  }

  const StartupOptions& options_;
  std::string data_;
  Defects defects_;
};

}  // namespace

std::string ShippedData() {
  std::error_code ignored;
  for (fs::path at = fs::read_symlink("/proc/self/exe", ignored).parent_path(); at.has_relative_path();
       at = at.parent_path()) {
    if (fs::exists(at / "signatures/data/apps.tsv", ignored)) return (at / "signatures/data").string();
  }
  return fs::exists("/usr/share/weir/apps.tsv", ignored) ? "/usr/share/weir" : "";
}

tl::expected<Startup, std::vector<std::string>> LoadStartup(const StartupOptions& options) {
  return Loader(options).Load();
}

}  // namespace weir

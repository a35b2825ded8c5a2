#include "actors/protocol/error.hpp"
#include "actors/voices/voice_library.hpp"
#include "tests/actors/voices/library.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace synapse::actors {
namespace {

namespace fs = std::filesystem;
using test::deterministic_actor_system;
using texts = std::vector<std::string>;

struct voice_library : testing::Test {
  void SetUp() override { start(); }
  void TearDown() override { actors.end(library); }

  void start() { library = spawn(ops); }
  voice_library_actor spawn(std::shared_ptr<voices::faulty_ops> with) {
    voice_library_parts parts;
    parts.directory = directory.library();
    parts.report = [this](const std::string& text) { reports.push_back(text); };
    parts.ops = std::move(with);
    parts.patience = std::chrono::milliseconds{20};
    parts.thread = voice_library_thread::shared;
    auto result = spawn_voice_library(actors.system(), std::move(parts));
    actors.settle();
    return result;
  }

  voice_upload upload(const texts& contents) {
    const auto begun = actors.ask<voice_upload>(library, upload_atom::value);
    EXPECT_TRUE(begun);
    for (std::size_t i = 0; begun && i < contents.size(); ++i)
      voices::write_file(fs::path{begun->directory} / (std::to_string(i) + ".wav"), contents[i]);
    return begun ? *begun : voice_upload{};
  }
  caf::expected<voice_info> create(const std::string& name) {
    return actors.ask<voice_info>(library,
                                  create_voice{upload({"one"}).upload_id, name, {{"0.wav", 1.25}}});
  }
  texts names() {
    const auto list = actors.ask<std::vector<voice_info>>(library, list_atom::value);
    EXPECT_TRUE(list) << render(list.error());
    texts result;
    for (const auto& one : list ? *list : std::vector<voice_info>{})
      result.push_back(one.name);
    return result;
  }

  voices::scratch directory;
  std::shared_ptr<voices::faulty_ops> ops = std::make_shared<voices::faulty_ops>();
  texts reports;
  deterministic_actor_system actors;
  voice_library_actor library;
};

TEST_F(voice_library, creates_finds_adds_lists_and_removes) {
  const auto made = create(" Anna ");
  ASSERT_TRUE(made) << render(made.error());
  EXPECT_EQ(made->name, "Anna");
  EXPECT_EQ(made->references, texts{"ref_001.wav"});
  EXPECT_EQ(made->duration_seconds, 1.25);
  EXPECT_FALSE(made->created_at.empty());

  const auto found = actors.ask<voice_location>(library, find_atom::value, made->voice_id);
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(found->voice.name, "Anna");
  EXPECT_TRUE(fs::path{found->reference_path}.is_absolute());
  EXPECT_EQ(voices::read_file(found->reference_path), "one");

  const auto grown = actors.ask<voice_info>(
      library,
      add_references{made->voice_id, upload({"two", "3"}).upload_id, {{"1.wav", 2}, {"0.wav", 3}}});
  ASSERT_TRUE(grown) << render(grown.error());
  EXPECT_EQ(grown->references, (texts{"ref_001.wav", "ref_002.wav", "ref_003.wav"}));
  EXPECT_EQ(grown->duration_seconds, 6.25);
  EXPECT_EQ(voices::contents(directory.library(), made->voice_id), (texts{"one", "3", "two"}))
      << "in the order they were named in";

  EXPECT_EQ(names(), texts{"Anna"});
  EXPECT_TRUE(actors.ask<bool>(library, remove_atom::value, made->voice_id));
  EXPECT_EQ(names(), texts{});
  EXPECT_EQ(voices::names_in(directory.library()), texts{});
  EXPECT_TRUE(reports.empty());
}

TEST_F(voice_library, lists_while_an_upload_is_being_written) {
  ASSERT_TRUE(create("Anna"));
  const auto begun = upload({"half of a"});
  ops->arm(0);
  EXPECT_EQ(names(), texts{"Anna"});
  EXPECT_EQ(ops->count, 1U) << "from memory, after one look";
}

TEST_F(voice_library, says_what_is_wrong_by_code_and_field) {
  const std::string nobody = "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d";
  const auto code_of = [](const caf::error& error) { return static_cast<ec>(error.code()); };
  const auto nameless = create(" ");
  ASSERT_FALSE(nameless);
  EXPECT_EQ(code_of(nameless.error()), ec::invalid_voice);
  EXPECT_TRUE(detail(nameless.error()).starts_with("name: ")) << detail(nameless.error());
  EXPECT_NE(render(nameless.error()).find(describe(ec::invalid_voice)), std::string::npos);

  const auto missing = actors.ask<voice_location>(library, find_atom::value, nobody);
  EXPECT_EQ(code_of(missing.error()), ec::voice_not_found);
  const auto removed = actors.ask<bool>(library, remove_atom::value, std::string{".."});
  EXPECT_EQ(code_of(removed.error()), ec::voice_not_found);
  const auto added = actors.ask<voice_info>(
      library, add_references{nobody, upload({"x"}).upload_id, {{"0.wav", 1}}});
  EXPECT_EQ(code_of(added.error()), ec::voice_not_found);
  const auto unknown =
      actors.ask<voice_info>(library, create_voice{"unknown", "Anna", {{"0.wav", 1}}});
  EXPECT_EQ(code_of(unknown.error()), ec::upload_not_found);

  const auto begun = upload({"x"});
  ops->arm(0, 1, 1000);
  const auto full =
      actors.ask<voice_info>(library, create_voice{begun.upload_id, "Anna", {{"0.wav", 1}}});
  ops->arm(0);
  EXPECT_EQ(code_of(full.error()), ec::storage_failed);
  EXPECT_NE(detail(full.error()).find("the disk is full"), std::string::npos);
  EXPECT_EQ(names(), texts{});
}

TEST_F(voice_library, a_discarded_upload_leaves_nothing) {
  const auto begun = upload({"x"});
  ASSERT_TRUE(fs::exists(begun.directory));
  caf::anon_send(library, discard_atom::value, begun.upload_id);
  actors.settle();
  EXPECT_FALSE(fs::exists(begun.directory));
  const auto late =
      actors.ask<voice_info>(library, create_voice{begun.upload_id, "Anna", {{"0.wav", 1}}});
  EXPECT_FALSE(late);
}

TEST_F(voice_library, a_successor_takes_over_though_the_old_handle_is_still_held) {
  ASSERT_TRUE(create("Anna"));
  const auto begun = upload({"x"});
  const auto old = library;
  actors.end(old);
  EXPECT_TRUE(fs::exists(begun.directory));
  start();
  EXPECT_EQ(names(), texts{"Anna"});
  EXPECT_FALSE(fs::exists(begun.directory)) << "nobody can commit it any more";
  EXPECT_TRUE(reports.empty());
}

TEST_F(voice_library, a_library_that_cannot_be_opened_is_tried_again_and_reported_once) {
  actors.end(library);
  fs::remove_all(directory.library());
  voices::write_file(directory.library(), "not a directory");
  start();
  for (int i = 0; i < 3; ++i) {
    const auto list = actors.ask<std::vector<voice_info>>(library, list_atom::value);
    ASSERT_FALSE(list);
    EXPECT_EQ(static_cast<ec>(list.error().code()), ec::storage_failed);
    EXPECT_EQ(detail(list.error()).find(directory.path()), std::string::npos)
        << "where it is does not concern a client";
  }
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_NE(reports[0].find(directory.library()), std::string::npos) << "but the operator";
  fs::remove(directory.library());
  EXPECT_EQ(names(), texts{});
  EXPECT_TRUE(create("Anna"));
}

TEST_F(voice_library, reports_damaged_voices_when_it_starts) {
  actors.end(library);
  const std::string id = "0b8f3c1e-2d4a-4f6b-8c7d-9e0f1a2b3c4d";
  fs::create_directory(directory.library() / id);
  start();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_NE(reports[0].find(id), std::string::npos);
  EXPECT_EQ(names(), texts{});
}

/// With a thread of its own and a real scheduler, as the gateway runs it.
TEST(voice_library_detached, answers_from_its_own_thread) {
  const voices::scratch directory;
  caf::actor_system_config config;
  config.set("scheduler.max-threads", std::size_t{1});
  caf::actor_system system{config};
  voice_library_parts parts;
  parts.directory = directory.library();
  auto library = spawn_voice_library(system, std::move(parts));
  caf::scoped_actor self{system};
  bool answered = false;
  self->request(library, test::patience, list_atom::value)
      .receive([&](const std::vector<voice_info>& list) { answered = list.empty(); },
               [](const caf::error& error) { ADD_FAILURE() << render(error); });
  EXPECT_TRUE(answered);
  self->send_exit(library, caf::exit_reason::user_shutdown);
}

TEST_F(voice_library, locates_voices_by_id_or_by_a_name_that_only_one_has) {
  const auto anna = create("Anna"), twin = create("Twin");
  ASSERT_TRUE(anna && twin && create("Twin"));
  const auto locate = [&](const std::string& voice, bool or_name) {
    return actors.ask<voice_location>(library, locate_voice{voice, or_name, "tts"});
  };
  EXPECT_EQ(locate(anna->voice_id, false)->voice.name, "Anna");
  EXPECT_EQ(locate("Anna", true)->voice.voice_id, anna->voice_id);
  EXPECT_EQ(locate(twin->voice_id, true)->voice.voice_id, twin->voice_id);
  EXPECT_EQ(locate("Anna", false).error(), ec::voice_not_found);
  EXPECT_EQ(locate("anna", true).error(), ec::voice_not_found);
  EXPECT_EQ(locate("Twin", true).error(), ec::invalid_voice);
  EXPECT_EQ(locate("", true).error(), ec::voice_not_found);
}

TEST_F(voice_library, remembers_what_backends_call_their_copies) {
  const auto anna = create("Anna"), ben = create("Ben");
  ASSERT_TRUE(anna && ben);
  const auto copy = [&](const voice_info& voice, const std::string& backend) {
    return actors.ask<voice_location>(library, locate_voice{voice.voice_id, false, backend})
        ->uploaded_as;
  };
  const auto tell = [&](const std::string& id, const std::string& backend,
                        const std::string& file) {
    caf::anon_send(library, reference_copy{id, backend, file});
    actors.settle();
  };
  EXPECT_EQ(copy(*anna, "tts"), "");
  tell(anna->voice_id, "tts", "a.wav");
  tell(anna->voice_id, "other", "b.wav");
  tell(ben->voice_id, "tts", "c.wav");
  tell("nobody", "tts", "d.wav");
  EXPECT_EQ(copy(*anna, "tts"), "a.wav");
  EXPECT_EQ(copy(*anna, "other"), "b.wav");
  tell(anna->voice_id, "tts", ""); // lost
  EXPECT_EQ(copy(*anna, "tts"), "");
  EXPECT_EQ(copy(*anna, "other"), "b.wav");
  // New references: whatever the backend has, it is asked to take them.
  ASSERT_TRUE(actors.ask<voice_info>(
      library, add_references{anna->voice_id, upload({"two"}).upload_id, {{"0.wav", 1}}}));
  EXPECT_EQ(copy(*anna, "other"), "");
  EXPECT_EQ(copy(*ben, "tts"), "c.wav");
  ASSERT_TRUE(actors.ask<bool>(library, remove_atom::value, ben->voice_id));
  tell(ben->voice_id, "tts", "late.wav");
  EXPECT_EQ(actors.ask<voice_location>(library, locate_voice{ben->voice_id, false, "tts"}).error(),
            ec::voice_not_found);
}

TEST_F(voice_library, two_on_one_directory_are_one_library) {
  const auto other = spawn(nullptr);
  const auto anna = create("Anna"), ben = create("Ben");
  ASSERT_TRUE(anna && ben);
  const auto copy = [&](const voice_info& voice) {
    const auto where =
        actors.ask<voice_location>(other, locate_voice{voice.voice_id, false, "tts"});
    EXPECT_TRUE(where) << render(where.error());
    return where ? where->uploaded_as : std::string{};
  };
  for (const auto& [voice, name] : {std::pair{anna, "a.wav"}, std::pair{ben, "b.wav"}}) {
    EXPECT_EQ(copy(*voice), "");
    caf::anon_send(other, reference_copy{voice->voice_id, "tts", name});
    actors.settle();
    EXPECT_EQ(copy(*voice), name);
  }
  ASSERT_TRUE(actors.ask<voice_info>(
      library, add_references{anna->voice_id, upload({"two"}).upload_id, {{"0.wav", 1}}}));
  EXPECT_EQ(copy(*anna), "") << "it has got references there";
  EXPECT_EQ(copy(*ben), "b.wav");
  const auto all = actors.ask<std::vector<voice_info>>(other, list_atom::value);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().references.size(), 2U);
  ASSERT_TRUE(actors.ask<bool>(other, remove_atom::value, ben->voice_id));
  EXPECT_EQ(names(), texts{"Anna"});
  EXPECT_TRUE(reports.empty());
  actors.end(other);
}

TEST_F(voice_library, a_library_that_another_process_keeps_locked_is_an_error_that_passes) {
  const auto other = spawn(nullptr);
  ASSERT_TRUE(create("Anna")); // of which the other one does not know yet
  std::optional<caf::expected<std::vector<voice_info>>> answer;
  auto third = voices::open_sound(directory.library(), ops);
  ops->watch = [&](const voices::file_operation& operation) {
    if (!answer && operation.action == voices::file_action::rename)
      answer = actors.ask<std::vector<voice_info>>(other, list_atom::value);
    return 0;
  };
  EXPECT_TRUE(third.remove(third.list().front().id));
  ops->watch = [](const voices::file_operation&) { return 0; };
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(static_cast<ec>(answer->error().code()), ec::storage_failed);
  EXPECT_NE(detail(answer->error()).find("another process"), std::string::npos);
  EXPECT_EQ(names(), texts{});
  actors.end(other);
}

} // namespace
} // namespace synapse::actors

# A provider of Vagrant whose machines are the hosts of kbootstrap's lab: systemd-nspawn, no hypervisor, no box, up in
# seconds. It needs Linux, root, and kblab (`make build`), which KBLAB names or PATH has.
#
#   vagrant up --provider kblab
#
# Vagrant keeps nothing of a machine but its name: what there is and whether it runs, the lab itself is asked.

require "json"
require "open3"
require "vagrant"

module KBLab
  class Error < Vagrant::Errors::VagrantError
    error_message("kblab %{arguments}: %{said}")
  end

  class Plugin < Vagrant.plugin("2")
    name "kblab"
    description "Hosts of kbootstrap's lab"
    provider(:kblab, box_optional: true, parallel: false) { Provider }
  end

  # The lab of a Vagrantfile, in .vagrant next to it.
  class Lab
    def initialize(machine)
      @machine = machine
      @dir = machine.env.local_data_path.join("lab").to_s
    end

    def key = File.join(@dir, "id_ed25519")

    # The host of the machine, or nil.
    def host = hosts.find { |h| h["name"] == @machine.name.to_s }

    def hosts
      return [] unless File.exist?(File.join(@dir, "lab.json"))
      JSON.parse(kblab("ls", "-o", "json"))
    end

    # Boots the host, and makes it and the lab if there are none.
    def up
      return kblab("start", name) if host
      # A lab without hosts; when it is there, it has some, and nothing is to be done.
      kblab("up", "--name", "vagrant", "--control-planes", "0", "--workers", "0") if hosts.empty?
      kblab("add", "--spare", "--name", name, *address)
    end

    def halt(force)
      kblab(force ? "kill" : "stop", name)
    end

    # Removes the host, and the lab with its last one.
    def destroy
      kblab("remove", name) if host
      kblab("down") if hosts.empty?
    end

    private

    def name = @machine.name.to_s

    # The address on the private network of the Vagrantfile. Without one, the lab takes the next that is free.
    def address
      _, options = @machine.config.vm.networks.find { |type, o| type == :private_network && o[:ip] }
      options ? ["--address", options[:ip]] : []
    end

    def kblab(verb, *arguments)
      out, err, status = Open3.capture3(ENV.fetch("KBLAB", "kblab"), verb, "--dir", @dir, *arguments)
      raise Error, arguments: [verb, *arguments].join(" "), said: err.strip unless status.success?
      out
    rescue Errno::ENOENT
      raise Error, arguments: verb, said: "there is no such program; KBLAB names it, and make build makes it"
    end
  end

  class Provider < Vagrant.plugin("2", :provider)
    # Hypervisors are asked first: their providers have a higher priority.
    def self.usable?(raise_error = false)
      return true if RUBY_PLATFORM.include?("linux") && Process.uid.zero?
      raise Error, arguments: "up", said: "the lab needs Linux and root" if raise_error
      false
    end

    def initialize(machine)
      @machine = machine
      @lab = Lab.new(machine)
    end

    def action(name)
      steps = {
        up: [Up], reload: [Halt, Up], halt: [Halt], destroy: [Destroy],
        ssh: [Vagrant::Action::Builtin::SSHExec], ssh_run: [Vagrant::Action::Builtin::SSHRun],
      }[name] or return nil
      Vagrant::Action::Builder.new.tap do |builder|
        steps.each { |step| builder.use(step) }
      end
    end

    def ssh_info
      host = @lab.host
      return nil unless host && host["running"]
      { host: "127.0.0.1", port: host["sshPort"], username: "vagrant", private_key_path: @lab.key }
    end

    def state
      host = @lab.host
      id, text = if host.nil? then [Vagrant::MachineState::NOT_CREATED_ID, "not created"]
                 elsif host["running"] then [:running, "running"]
                 else [:poweroff, "powered off"]
                 end
      Vagrant::MachineState.new(id, text, "The host is #{text}. kblab ls --dir .vagrant/lab lists all of them.")
    end

    def to_s = "kbootstrap's lab"
  end

  # What the actions have in common: one thing is done with the lab, and told.
  class Action
    def initialize(app, _env)
      @app = app
    end

    def call(env)
      machine = env[:machine]
      perform(machine, Lab.new(machine), env)
      @app.call(env)
    end
  end

  class Up < Action
    def perform(machine, lab, env)
      return if machine.state.id == :running
      env[:ui].info "Booting a host of the lab..."
      lab.up # which returns when the host lets its user in
      machine.id = machine.name.to_s
    end
  end

  class Halt < Action
    def perform(machine, lab, env)
      return unless machine.state.id == :running
      env[:ui].info "Powering the host off..."
      lab.halt(env[:force_halt])
    end
  end

  class Destroy < Action
    def perform(machine, lab, env)
      env[:ui].info "Removing the host..."
      lab.destroy
      machine.id = nil
    end
  end
end

"""登录与锁定: how a registrar enters the program, online or offline, and how it is shut while he is away."""
